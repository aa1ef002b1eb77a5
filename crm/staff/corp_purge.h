#pragma once
// The data of a corp that was removed goes in slices, behind the removal: CorpStore::remove() notes
// the corp, this clears it.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/database.h"

namespace leadbridge::crm {

// A table with corp_id, and the column by whose values it is cut into slices (few rows per value).
struct CorpTable {
    std::string_view table;
    std::string_view slice_by;
};

// Deletes about `limit` rows of one removed corp from each table. Returns how many; 0 = nothing is
// left of any removed corp.
std::int64_t purge_removed_corps(Transaction& tx, std::span<const CorpTable> tables, int limit);

}  // namespace leadbridge::crm
