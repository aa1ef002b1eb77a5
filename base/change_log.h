#pragma once
// Reading the change log of one database. The cursor follows commit order.

#include <cstdint>
#include <string>
#include <vector>

#include "base/database.h"

namespace leadbridge {

struct ChangeRecord {
    std::int64_t n = 0;
    CorpId corp;
    std::string topic;
    std::int64_t id = 0;
    std::string kind;
    UnixMillis ms = 0;
};

// Changes after `after`, oldest first, at most `limit`.
std::vector<ChangeRecord> read_changes(Snapshot& snapshot, std::int64_t after, int limit);
std::int64_t last_change(Snapshot& snapshot);
// Deletes at most `limit` rows older than `before`, never the newest; returns how many. A follower
// that sleeps longer than the log is kept starts anew.
std::int64_t trim_changes(Transaction& tx, UnixMillis before, int limit);

}  // namespace leadbridge
