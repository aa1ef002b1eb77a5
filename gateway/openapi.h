#pragma once
// gateway/openapi.json, built into the program.

#include <string_view>

namespace leadbridge::gateway {

std::string_view openapi_text() noexcept;

}  // namespace leadbridge::gateway
