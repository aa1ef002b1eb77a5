#pragma once
// The data of a corp that was removed goes in slices, behind the removal: CorpStore::remove() notes
// the corp, whoever knows all its rooms clears them and then forgets it. The note is what makes a
// crash harmless.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"

namespace leadbridge::crm {

// A table with corp_id, and the column by whose values it is cut into slices (few rows per value).
struct CorpTable {
    std::string_view table;
    std::string_view slice_by;
};

struct RemovedCorp {
    CorpId id;
    UnixMillis removed_ms = 0;
};

// Those whose data is still being removed, oldest first, at most `limit`.
std::vector<RemovedCorp> removed_corps(Snapshot& s, int limit);

// Deletes about `limit` rows of the corp from each table. Returns how many; 0 = nothing is left.
std::int64_t purge_corp(Transaction& tx, CorpId corp, std::span<const CorpTable> tables, int limit);

// When nothing of it is left anywhere.
void forget_removed_corp(Transaction& tx, CorpId corp);

}  // namespace leadbridge::crm
