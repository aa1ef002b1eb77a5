#pragma once
// The values of a row on its way by append(), as both engines bind and compare them. Private to the
// engines.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/database.h"

namespace leadbridge {

// Views into the row, which must outlive them.
std::vector<Param> params_of(const AppendRow& row);
// The corp and the dedupe key, as AppendTable::select_body asks for them.
std::vector<Param> key_of(const AppendRow& row);
std::string_view body_of(const AppendRow& row);
// What it weighs in a queue.
std::int64_t bytes_of(const AppendRow& row) noexcept;

// The corp and id of a row that brings a change. Throws DatabaseError when they are no integers.
struct ChangedRow {
    CorpId corp;
    std::int64_t id = 0;
};

ChangedRow changed_row(const AppendRow& row);

}  // namespace leadbridge
