#pragma once
// Columns of messages and conversations as MessageStore reads them. Internal to message_*.cpp.

#include <string_view>

#include "archive/message_store.h"

namespace leadbridge::archive {

inline constexpr std::string_view message_columns =
    "SELECT id, conversation_id, seq, msgid, at_ms, type, action, sender, side, recalled_ms, "
    "summary, body FROM message ";
inline constexpr std::string_view conversation_columns =
    "SELECT c.id, c.kind, c.userid, c.external_userid, c.roomid, c.first_ms, c.last_ms, c.messages "
    "FROM conversation c ";

inline ConversationView read_conversation(const Row& row) {
    ConversationView view;
    view.id = row.id<ConversationId>(0);
    view.kind = static_cast<ConversationKind>(row.integer(1));
    view.userid = row.str(2);
    view.external_userid = row.str(3);
    view.roomid = row.str(4);
    view.first_ms = row.integer(5);
    view.last_ms = row.integer(6);
    view.messages = row.integer(7);
    return view;
}

}  // namespace leadbridge::archive
