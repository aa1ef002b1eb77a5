#pragma once
// How long this room keeps what it has done: welcomes 180 days, runs of the contact sync 90 days
// (always the newest of each kind). What was said and who was sent what is not its to delete.

#include <cstdint>

#include "base/database.h"

namespace leadbridge::wecom {

inline constexpr std::int64_t keep_welcomes_ms = 180LL * 86'400'000;
inline constexpr std::int64_t keep_sync_runs_ms = 90LL * 86'400'000;

// Ids are times: what is older than these goes.
struct Oldest {
    std::int64_t welcome_inbox_id = 0;
    std::int64_t sync_run_id = 0;
};

// Deletes at most `limit` rows of each; how many in all.
std::int64_t forget_old_rows(Transaction& tx, CorpId corp, const Oldest& oldest, int limit);

}  // namespace leadbridge::wecom
