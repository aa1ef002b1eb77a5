#pragma once
// Which conversation a message belongs to, and who takes part.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/message.h"
#include "archive/schema.h"

namespace leadbridge::archive {

struct ConversationRef {
    std::string key;  // unique within the corp, stable for all time
    ConversationKind kind = ConversationKind::other;
    std::string userid;           // single: the member
    std::string external_userid;  // single: the outside person
    std::string roomid;           // group
    std::vector<std::string>
        participants;  // of this message; members' ids in lower case, each once, sorted
};

// nullopt for a message without people (a switch, an unreadable one).
//   group     has a roomid
//   single    one member and one outside person (robots beside them do not count)
//   internal  members and robots only
//   other     anything else without a room
std::optional<ConversationRef> conversation_of(const Message& message);

// A participant as it is stored and looked up: members compare without case.
std::string participant_key(std::string_view id);

}  // namespace leadbridge::archive
