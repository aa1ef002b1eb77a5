#pragma once
// Small text helpers for WeCom's limits.

#include <cstddef>
#include <string>
#include <string_view>

namespace leadbridge::wecom {

// The first characters (code points) or bytes of UTF-8 text, never cutting inside one.
std::string utf8_prefix(std::string_view text, std::size_t max_characters);
std::string utf8_prefix_bytes(std::string_view text, std::size_t max_bytes);

}  // namespace leadbridge::wecom
