#pragma once
// The newest conversations of whoever does not see all, kept between looks: each look adds those of
// the messages that came since the last (message.n), so that it reads no more in a large company.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "archive/message_store.h"
#include "base/guarded.h"

namespace leadbridge::archive {

// Thread-safe. Holds a few hundred pairs of numbers for each of the last scopes that asked.
class RecentConversations {
public:
    // Ids of at most n conversations of the scope after the query's position, newest first; only
    // scope and position are looked at. nullopt: the database must be asked.
    std::optional<std::vector<std::int64_t>> page(
        Snapshot& s,
        CorpId corp,
        const MessageStore::Scope& scope,
        const ConversationQuery& query,
        std::size_t n
    );

    std::size_t size() const { return lists_.lock()->size(); }

private:
    using Key = std::pair<std::int64_t, std::vector<std::string>>;  // corp, people in sight
    using Place = std::pair<UnixMillis, std::int64_t>;              // last_ms, id

    struct List {
        std::vector<Place> newest;  // descending: all of the scope's down to the last, ...
        bool complete = false;      // ... and nothing below it
        std::int64_t to_n = -1;     // as of this message; -1 = not read yet
    };

    struct Kept {
        Guarded<List> list;
        std::int64_t asked = 0;  // the look it was; under the lock of lists_
    };

    std::shared_ptr<Kept> list_of(const Key& key);
    static void begin(Snapshot& s, CorpId corp, const MessageStore::Scope& scope, List& list);
    static bool follow(Snapshot& s, CorpId corp, const MessageStore::Scope& scope, List& list);

    Guarded<std::map<Key, std::shared_ptr<Kept>>> lists_;
    std::int64_t looks_ = 0;  // under the lock of lists_
};

}  // namespace leadbridge::archive
