#pragma once
// What roles without contacts.phones see of phones and e-mail addresses: 138****0001, a***@b.c.
// .cpp files of gateway only.

#include <string>
#include <string_view>

#include "base/json.h"
#include "crm/staff/permission.h"

namespace leadbridge::gateway {

std::string mask_phone(std::string_view phone);  // the last four stay, of a mobile the first three
std::string mask_email(std::string_view email);
// Mobile numbers (11 digits from 13 to 19, with or without 86) within a text.
std::string mask_text(std::string_view text);
// A whole answer: {kind: phone|email, value} by its kind, fields named phone, mobile or email, and
// mobile numbers in every other text but ids, userids and cursors.
void mask_answer(json::value& answer);
// Whether answers of routes with this permission are masked: those about contacts, not what people
// said in the archive.
bool masks(crm::Permission permission) noexcept;

}  // namespace leadbridge::gateway
