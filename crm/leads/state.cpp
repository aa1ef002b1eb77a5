#include <array>

#include "crm/leads/channel.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";

std::string base36(std::uint64_t value) {
    std::string out;
    do {
        out.insert(out.begin(), digits[value % 36]);
        value /= 36;
    } while (value != 0);
    return out;
}

// Two characters from a 32-bit FNV-1a of the digits: a changed, swapped or cut character is noticed
// with 1295 of 1296.
std::string check_of(std::string_view text) {
    std::uint32_t hash = 2'166'136'261U;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
    }
    hash %= 36U * 36U;
    return {digits[hash / 36U], digits[hash % 36U]};
}

}  // namespace

std::string issue_state(ChannelId id) {
    const std::string body = "b" + base36(static_cast<std::uint64_t>(id.value));
    return body + check_of(body);
}

std::optional<ChannelId> read_state(std::string_view state) noexcept {
    // 63 bits are at most 13 digits of base 36.
    if (state.size() < 4 || state.size() > 16 || state.front() != 'b') {
        return std::nullopt;
    }
    const std::string_view body = state.substr(0, state.size() - 2);
    const std::string_view number = body.substr(1);
    if (number.front() == '0' || check_of(body) != state.substr(body.size())) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    constexpr std::uint64_t highest = 0x7FFF'FFFF'FFFF'FFFFULL;
    for (const char c : number) {
        const std::size_t digit = digits.find(c);
        if (digit == std::string_view::npos || value > (highest - digit) / 36) {
            return std::nullopt;
        }
        value = value * 36 + digit;
    }
    return ChannelId{static_cast<std::int64_t>(value)};
}

}  // namespace leadbridge::crm
