// Hexadecimal and base64.
#include <array>

#include "base/crypto.h"

namespace leadbridge::crypto {

namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Table = std::array<int, 256>;

constexpr Table reverse(std::string_view alphabet) {
    Table table{};
    table.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<int>(i);
    }
    return table;
}

constexpr Table standard_values = reverse(standard_alphabet);
constexpr Table url_values = reverse(url_alphabet);

std::string encode(std::string_view bytes, std::string_view alphabet) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) {
            out += alphabet[bits >> (count - 6) & 63U];
        }
    }
    if (count > 0) {
        out += alphabet[bits << (6 - count) & 63U];
    }
    return out;
}

// text without its padding
Result<std::string> decode(std::string_view text, const Table& values, Base64Tail tail) {
    if (text.size() % 4 == 1) {
        return Error{ErrorCode::invalid, "base64: the length cannot be right"};
    }
    const auto value = [&](std::size_t i) { return values[static_cast<unsigned char>(text[i])]; };
    std::string out(text.size() * 3 / 4, '\0');
    std::size_t at = 0;
    const std::size_t whole = text.size() / 4 * 4;
    int refused = 0;  // negative as soon as one character was
    std::uint32_t bits = 0;
    // Four characters at a time: every callback passes here.
    for (std::size_t i = 0; i < whole; i += 4) {
        const int a = value(i);
        const int b = value(i + 1);
        const int c = value(i + 2);
        const int d = value(i + 3);
        refused |= a | b | c | d;
        bits = static_cast<std::uint32_t>(a) << 18 | static_cast<std::uint32_t>(b) << 12 |
               static_cast<std::uint32_t>(c) << 6 | static_cast<std::uint32_t>(d);
        out[at] = static_cast<char>(bits >> 16 & 255U);
        out[at + 1] = static_cast<char>(bits >> 8 & 255U);
        out[at + 2] = static_cast<char>(bits & 255U);
        at += 3;
    }
    bits = 0;
    int count = 0;
    for (std::size_t i = whole; i < text.size(); ++i) {
        refused |= value(i);
        bits = bits << 6 | static_cast<std::uint32_t>(value(i));
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[at++] = static_cast<char>(bits >> count & 255U);
        }
    }
    if (refused < 0) {
        return Error{ErrorCode::invalid, "base64: a character outside the alphabet"};
    }
    if (tail == Base64Tail::strict && (bits & ((1U << count) - 1U)) != 0) {
        return Error{ErrorCode::invalid, "base64: unused bits are set"};
    }
    return out;
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

Result<std::string> unhex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return Error{ErrorCode::invalid, "hex: odd length"};
    }
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) {
            return Error{ErrorCode::invalid, "hex: a character that is no digit"};
        }
        out += static_cast<char>(high << 4 | low);
    }
    return out;
}

std::string base64(std::string_view bytes) {
    std::string out = encode(bytes, standard_alphabet);
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

Result<std::string> unbase64(std::string_view text, Base64Tail tail) {
    if (text.size() % 4 != 0) {
        return Error{ErrorCode::invalid, "base64: the length is no multiple of 4"};
    }
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
        text.remove_suffix(1);
    }
    return decode(text, standard_values, tail);
}

std::string base64url(std::string_view bytes) {
    return encode(bytes, url_alphabet);
}

Result<std::string> unbase64url(std::string_view text) {
    return decode(text, url_values, Base64Tail::strict);
}

}  // namespace leadbridge::crypto
