#pragma once
// The conversations of a list, for message_store: newest first, of those who may be seen.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "archive/message_store.h"

namespace leadbridge::archive {

// At most n of them, without their summaries; query.limit is not looked at. How many rows that
// reads follows from how many conversations the people asked about have: few are sorted, many are
// met on the way of the order, so that nobody's list walks everybody's.
std::vector<ConversationView> list_conversations(
    Snapshot& s,
    CorpId corp,
    const MessageStore::Scope& scope,
    const ConversationQuery& query,
    std::size_t n
);

// Those of these ids that are there, newest first.
std::vector<ConversationView> conversations_by_id(
    Snapshot& s, CorpId corp, const std::vector<std::int64_t>& ids
);

}  // namespace leadbridge::archive
