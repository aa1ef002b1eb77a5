#pragma once
// Text as it is compared in a search: NFKC, lower case, without characters that nobody sees, each
// character with its kind and the place it came from.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace leadbridge {

enum class CharKind : std::uint8_t {
    separator,  // spaces, punctuation, controls
    ideograph,  // written without spaces: Han, kana, bopomofo, Hangul
    letter,
    digit,
    symbol,  // emoji, currency, arithmetic
};

struct FoldedChar {
    char32_t c = 0;
    CharKind kind = CharKind::separator;
    std::uint32_t at = 0;  // index of the character in the original, in characters
};

// Ill-formed bytes read as separators. At most max_chars characters of the original are read.
std::vector<FoldedChar> fold_text(std::string_view text, std::size_t max_chars);

void append_utf8(std::string& out, char32_t c);

}  // namespace leadbridge
