#pragma once
// What a corp row must satisfy before it is stored.

#include <string_view>

#include "base/result.h"
#include "crm/staff/corp.h"

namespace leadbridge::crm {

// Error{invalid}: the message names field, cause and fix; reason is the field.
Status check_corp(const Corp& corp);

// http(s)://127.x.x.x, localhost or [::1], with or without a port.
bool is_loopback_url(std::string_view url) noexcept;

}  // namespace leadbridge::crm
