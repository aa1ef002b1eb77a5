#pragma once
// Writes a slice of decided recipients: their ledger rows, the batches they go to, and the counts.
// Used by push_planner only.

#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "crm/nurture/push_audience.h"

namespace leadbridge::crm {

struct Packing {
    const AudienceQuestion& question;
    int recipients_per_batch = 10'000;
    UnixMillis now = 0;
};

// A recipient goes to the last batch of its sender that has room, else to a new one.
void insert_recipients(
    Transaction& tx, IdSource& ids, const Packing& packing, const std::vector<Decision>& decisions
);

}  // namespace leadbridge::crm
