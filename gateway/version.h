#pragma once
// The program's version, as `leadbridge --version` and the API tell it.

#include <string_view>

namespace leadbridge::gateway {

inline constexpr std::string_view version = "0.1.0";

}  // namespace leadbridge::gateway
