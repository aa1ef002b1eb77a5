#include "connectors/forms/ip_range.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace leadbridge::forms {

namespace {

struct Range {
    std::array<unsigned char, 16> bytes{};
    int bits = 128;  // of the prefix
};

// Everything as IPv6; IPv4 in its mapped form.
std::optional<Range> parse(std::string_view text) {
    const auto slash = text.find('/');
    const std::string address(text.substr(0, slash));
    Range out;
    int width = 128;
    if (inet_pton(AF_INET6, address.c_str(), out.bytes.data()) != 1) {
        out.bytes = {};
        out.bytes[10] = out.bytes[11] = 0xff;
        if (inet_pton(AF_INET, address.c_str(), out.bytes.data() + 12) != 1) {
            return std::nullopt;
        }
        width = 32;
    }
    int prefix = width;
    if (slash != std::string_view::npos) {
        const auto rest = text.substr(slash + 1);
        const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), prefix);
        if (error != std::errc{} || stop != rest.data() + rest.size() || prefix < 0 ||
            prefix > width) {
            return std::nullopt;
        }
    }
    out.bits = 128 - width + prefix;
    return out;
}

bool within(const Range& address, const Range& range) {
    for (int bit = 0; bit < range.bits; bit += 8) {
        const int left = std::min(8, range.bits - bit);
        const auto mask = static_cast<unsigned char>(0xff << (8 - left) & 0xff);
        const auto at = static_cast<std::size_t>(bit / 8);
        if (((address.bytes[at] ^ range.bytes[at]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool is_ip_range(const std::string& text) {
    return parse(text).has_value();
}

bool in_ip_ranges(std::string_view address, const std::vector<std::string>& ranges) {
    if (address.find('/') != std::string_view::npos) {
        return false;
    }
    const auto from = parse(address);
    return from && std::any_of(ranges.begin(), ranges.end(), [&](const std::string& text) {
               const auto range = parse(text);
               return range && within(*from, *range);
           });
}

}  // namespace leadbridge::forms
