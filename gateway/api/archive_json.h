#pragma once
// Messages and conversations as JSON. For .cpp files of gateway/api only.

#include <map>
#include <string>

#include "archive/message_store.h"
#include "base/json.h"
#include "gateway/route.h"

namespace leadbridge::gateway {

// What contacts are called, looked up once each: "" for members and whom the caller may not see.
// Outlived by both.
class Senders {
public:
    Senders(Snapshot& core, const ApiRequest& request) : core_(core), request_(request) {}

    const std::string& name(const archive::MessageView& message);

private:
    Snapshot& core_;
    const ApiRequest& request_;
    std::map<std::string, std::string> names_;
};

json::object message_json(const archive::MessageView& message, Senders& senders);
// With the names of its contact and of its group, as far as the caller may see them.
json::object conversation_json(
    Snapshot& core, const ApiRequest& request, const archive::ConversationView& conversation
);

}  // namespace leadbridge::gateway
