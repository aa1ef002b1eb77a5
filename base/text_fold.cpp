#include "base/text_fold.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace leadbridge {

namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// Sorted.
constexpr std::array ideographs{
    Range{0x1100, 0x11FF},  // Hangul letters
    Range{0x2E80, 0x2FDF},
    Range{0x3005, 0x3007},
    Range{0x3021, 0x3029},
    Range{0x3031, 0x3035},
    Range{0x3041, 0x3096},
    Range{0x309D, 0x309F},
    Range{0x30A1, 0x30FA},
    Range{0x30FC, 0x30FF},
    Range{0x3105, 0x312F},
    Range{0x31A0, 0x31BF},
    Range{0x31F0, 0x31FF},
    Range{0x3400, 0x4DBF},
    Range{0x4E00, 0x9FFF},
    Range{0xAC00, 0xD7A3},
    Range{0xF900, 0xFAFF},
    Range{0x20000, 0x3FFFD},
};

bool is_ideograph(char32_t c) {
    const auto at = std::ranges::upper_bound(ideographs, c, {}, &Range::first);
    return at != ideographs.begin() && c <= std::prev(at)->last;
}

CharKind kind_of(char32_t c) {
    if (is_ideograph(c)) {
        return CharKind::ideograph;
    }
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_CO:  // private use: custom emoji of some clients
            return CharKind::letter;
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO:
            return CharKind::digit;
        case UTF8PROC_CATEGORY_SM:
        case UTF8PROC_CATEGORY_SC:
        case UTF8PROC_CATEGORY_SK:
        case UTF8PROC_CATEGORY_SO:
            return CharKind::symbol;
        default:
            return CharKind::separator;
    }
}

// The common characters, which NFKC leaves alone; false = ask utf8proc.
bool fold_plain(char32_t c, std::uint32_t at, std::vector<FoldedChar>& out) {
    if (c >= 0x4E00 && c <= 0x9FFF) {
        out.push_back({c, CharKind::ideograph, at});
        return true;
    }
    if (c >= 0x80) {
        return false;
    }
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z')) {
        out.push_back({upper ? c + 32 : c, CharKind::letter, at});
    } else if (c >= '0' && c <= '9') {
        out.push_back({c, CharKind::digit, at});
    } else {
        out.push_back({c, kind_of(c), at});
    }
    return true;
}

// A character and the marks that follow it: they may become one.
void fold_cluster(std::string_view bytes, std::uint32_t at, std::vector<FoldedChar>& out) {
    utf8proc_int32_t buffer[64];
    constexpr auto options = static_cast<utf8proc_option_t>(
        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE
    );
    utf8proc_ssize_t n = utf8proc_decompose(
        reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()),
        static_cast<utf8proc_ssize_t>(bytes.size()),
        buffer,
        std::size(buffer),
        options
    );
    if (n < 0 || n > static_cast<utf8proc_ssize_t>(std::size(buffer))) {
        out.push_back({U'\uFFFD', CharKind::separator, at});
        return;
    }
    n = utf8proc_normalize_utf32(buffer, n, options);
    for (utf8proc_ssize_t i = 0; i < n; ++i) {
        const auto c = static_cast<char32_t>(utf8proc_tolower(buffer[i]));
        out.push_back({c, kind_of(c), at});
    }
}

// Half-width voiced sound marks are letters of their own, but become marks.
bool follows(char32_t c) {
    return c == 0xFF9E || c == 0xFF9F ||
           utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class > 0;
}

constexpr int most_marks = 8;  // of one character; what comes after is folded by itself

}  // namespace

std::vector<FoldedChar> fold_text(std::string_view text, std::size_t max_chars) {
    std::vector<FoldedChar> out;
    out.reserve(std::min(text.size(), max_chars));
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const auto size = static_cast<utf8proc_ssize_t>(text.size());
    const auto read = [&](utf8proc_ssize_t at, char32_t& c) {
        utf8proc_int32_t raw = -1;
        const auto used = utf8proc_iterate(bytes + at, size - at, &raw);
        c = used > 0 ? static_cast<char32_t>(raw) : U'\uFFFD';
        return used > 0 ? used : utf8proc_ssize_t{1};
    };
    std::uint32_t index = 0;
    for (utf8proc_ssize_t i = 0; i < size && index < max_chars;) {
        char32_t c = 0;
        utf8proc_ssize_t end = i + read(i, c);
        const std::uint32_t at = index++;
        char32_t mark = 0;
        int marks = 0;
        while (end < size && marks < most_marks &&
               static_cast<unsigned char>(text[static_cast<std::size_t>(end)]) >= 0xCC) {
            const auto used = read(end, mark);
            if (!follows(mark)) {
                break;
            }
            end += used;
            ++index;
            ++marks;
        }
        if (marks > 0 || !fold_plain(c, at, out)) {
            fold_cluster(
                text.substr(static_cast<std::size_t>(i), static_cast<std::size_t>(end - i)), at, out
            );
        }
        i = end;
    }
    return out;
}

void append_utf8(std::string& out, char32_t c) {
    utf8proc_uint8_t bytes[4];
    const auto n = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(n));
}

}  // namespace leadbridge
