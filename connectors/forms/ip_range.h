#pragma once
// Addresses and ranges of an allow-list. Pure functions.

#include <string>
#include <string_view>
#include <vector>

namespace leadbridge::forms {

// "203.0.113.7", "10.0.0.0/8", "2001:db8::/32"
bool is_ip_range(const std::string& text);
// An IPv4 address mapped into IPv6 counts as IPv4. False for an empty list or an address that is
// none.
bool in_ip_ranges(std::string_view address, const std::vector<std::string>& ranges);

}  // namespace leadbridge::forms
