#pragma once
// Contacts that get no pushes: they asked for none (opted_out) or we do not want to write to them
// (blocked).

#include <cstdint>
#include <string_view>

#include "base/database.h"
#include "base/result.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {

enum class OptOut : std::uint8_t { none, opted_out, blocked };

std::string_view to_string(OptOut kind) noexcept;

// Audited, with a change of topic "contact" and, where it changes something, a timeline entry and a
// new version of the contact. Error{not_found} for a contact the viewer does not see.
Status set_opt_out(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId contact,
    OptOut kind
);
OptOut opt_out_of(Snapshot& s, CorpId corp, ContactId contact);

}  // namespace leadbridge::crm
