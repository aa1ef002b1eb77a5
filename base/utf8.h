#pragma once
// Well-formedness of UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).

#include <string>
#include <string_view>

namespace leadbridge {

bool is_utf8(std::string_view text) noexcept;
// The text with every ill-formed byte replaced by U+FFFD.
std::string repair_utf8(std::string_view text);
// The longest prefix of well-formed text that has at most max_bytes bytes and splits no character.
std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) noexcept;

}  // namespace leadbridge
