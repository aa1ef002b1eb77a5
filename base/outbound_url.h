#pragma once
// Which addresses a call to a URL we did not write ourselves may reach (media, avatars, QR
// pictures, webhook targets). The rules are about addresses, not names: the caller checks the
// address it really connects to.

#include <string_view>

namespace leadbridge {

// True for addresses a call to the outside may reach: not private, loopback, link-local, multicast,
// unspecified, CGNAT, documentation, benchmarking or reserved, nor such an address carried in IPv6
// (mapped, NAT64). False for what is no address.
bool is_public_address(std::string_view ip) noexcept;

// 127.0.0.0/8, ::1 and the former mapped into IPv6.
bool is_loopback_address(std::string_view ip) noexcept;

}  // namespace leadbridge
