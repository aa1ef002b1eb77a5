#pragma once
// The whole card of one contact: identities, friendships, tags, chats.

#include "base/database.h"
#include "base/http_types.h"
#include "base/result.h"
#include "crm/contacts/contact.h"

namespace leadbridge::gateway {

// With its ETag; Error{not_found} for a contact the viewer does not see.
Result<Response> contact_card(Snapshot& s, const crm::Viewer& viewer, crm::ContactId id);

}  // namespace leadbridge::gateway
