#pragma once
// Messages and conversations as JSON. For .cpp files of gateway/api only.

#include <optional>

#include "archive/message_store.h"
#include "base/json.h"
#include "crm/contacts/contact.h"
#include "gateway/route.h"

namespace leadbridge::gateway {

json::object message_json(const archive::MessageView& message);
json::object conversation_json(
    const archive::ConversationView& conversation, const std::optional<crm::Contact>& contact
);
// The contact behind a single conversation, if the caller may see it.
std::optional<crm::Contact> contact_of(
    Snapshot& core, const ApiRequest& request, const archive::ConversationView& conversation
);

}  // namespace leadbridge::gateway
