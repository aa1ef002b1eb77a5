#include "base/outbound_url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace leadbridge {

namespace {

using V6 = std::array<std::uint8_t, 16>;

struct V4Net {
    std::uint32_t address;
    int bits;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    return a << 24U | b << 16U | c << 8U | d;
}

// The special-purpose registries of IANA (RFC 6890 and its successors).
constexpr std::array special_v4{
    V4Net{v4(0, 0, 0, 0), 8},        // this network
    V4Net{v4(10, 0, 0, 0), 8},       // private
    V4Net{v4(100, 64, 0, 0), 10},    // CGNAT; metadata services of some clouds
    V4Net{v4(127, 0, 0, 0), 8},      // loopback
    V4Net{v4(169, 254, 0, 0), 16},   // link-local; metadata services of most clouds
    V4Net{v4(172, 16, 0, 0), 12},    // private
    V4Net{v4(192, 0, 0, 0), 24},     // IETF protocol assignments
    V4Net{v4(192, 0, 2, 0), 24},     // documentation
    V4Net{v4(192, 31, 196, 0), 24},  // AS112
    V4Net{v4(192, 52, 193, 0), 24},  // AMT
    V4Net{v4(192, 88, 99, 0), 24},   // 6to4 relays
    V4Net{v4(192, 168, 0, 0), 16},   // private
    V4Net{v4(192, 175, 48, 0), 24},  // AS112
    V4Net{v4(198, 18, 0, 0), 15},    // benchmarking
    V4Net{v4(198, 51, 100, 0), 24},  // documentation
    V4Net{v4(203, 0, 113, 0), 24},   // documentation
    V4Net{v4(224, 0, 0, 0), 3},      // multicast, reserved, broadcast
};

struct V6Net {
    V6 address;
    int bits;
};

// Within 2000::/3; everything outside it is refused anyway.
constexpr std::array special_v6{
    V6Net{{0x20, 0x01, 0x00}, 23},        // IETF protocol assignments: Teredo, benchmarking, ORCHID
    V6Net{{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    V6Net{{0x20, 0x02}, 16},              // 6to4: carries any IPv4 address
    V6Net{{0x26, 0x20, 0x00, 0x4f, 0x80}, 48},  // AS112
    V6Net{{0x3f, 0xff, 0x00}, 20},              // documentation
};

bool is_within(const V6& address, const V6& net, int bits) noexcept {
    for (std::size_t i = 0; i < address.size() && bits > 0; ++i, bits -= 8) {
        const auto mask = static_cast<std::uint8_t>(bits >= 8 ? 0xff : 0xff << (8 - bits));
        if ((address[i] & mask) != (net[i] & mask)) {
            return false;
        }
    }
    return true;
}

bool is_public_v4(std::uint32_t address) noexcept {
    return std::none_of(special_v4.begin(), special_v4.end(), [&](const V4Net& net) {
        return (address ^ net.address) >> (32 - net.bits) == 0;
    });
}

std::uint32_t last_four(const V6& a) noexcept {
    return v4(a[12], a[13], a[14], a[15]);
}

constexpr V6Net mapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr V6Net nat64{{0x00, 0x64, 0xff, 0x9b}, 96};
constexpr V6Net global_unicast{{0x20}, 3};

bool is_public_v6(const V6& address) noexcept {
    if (is_within(address, mapped.address, mapped.bits) ||
        is_within(address, nat64.address, nat64.bits)) {
        return is_public_v4(last_four(address));
    }
    return is_within(address, global_unicast.address, global_unicast.bits) &&
           std::none_of(special_v6.begin(), special_v6.end(), [&](const V6Net& net) {
               return is_within(address, net.address, net.bits);
           });
}

// inet_pton wants a terminated string; nothing longer than this is an address.
std::optional<std::array<char, INET6_ADDRSTRLEN>> terminated(std::string_view ip) noexcept {
    std::array<char, INET6_ADDRSTRLEN> out{};
    if (ip.size() >= out.size() || ip.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    std::copy(ip.begin(), ip.end(), out.begin());
    return out;
}

std::optional<std::uint32_t> parse_v4(std::string_view ip) noexcept {
    in_addr address{};
    const auto text = terminated(ip);
    if (!text || inet_pton(AF_INET, text->data(), &address) != 1) {
        return std::nullopt;
    }
    return ntohl(address.s_addr);
}

std::optional<V6> parse_v6(std::string_view ip) noexcept {
    V6 address{};
    const auto text = terminated(ip);
    if (!text || inet_pton(AF_INET6, text->data(), address.data()) != 1) {
        return std::nullopt;
    }
    return address;
}

}  // namespace

bool is_public_address(std::string_view ip) noexcept {
    if (const auto address = parse_v4(ip)) {
        return is_public_v4(*address);
    }
    const auto address = parse_v6(ip);
    return address && is_public_v6(*address);
}

bool is_loopback_address(std::string_view ip) noexcept {
    if (const auto address = parse_v4(ip)) {
        return *address >> 24U == 127;
    }
    const auto address = parse_v6(ip);
    if (!address) {
        return false;
    }
    if (is_within(*address, mapped.address, mapped.bits)) {
        return last_four(*address) >> 24U == 127;
    }
    constexpr V6 one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return *address == one;
}

}  // namespace leadbridge
