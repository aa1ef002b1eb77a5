#pragma once
// How the recipients of a batch get their outcome: those a poll names at once, those of a rejected,
// cancelled or closed batch slice by slice in a job. Private to this room.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/job_queue.h"
#include "crm/nurture/push_rows.h"

namespace leadbridge::crm {

inline constexpr std::string_view settle_queue = "push.settle";

// Recipients that get (or change) their outcome: rows, counts, batch.settled and timeline. Those
// already settled are left alone. Returns how many changed.
struct Settlement {
    std::string external_userid;
    Outcome outcome = Outcome::none;
    UnixMillis at = 0;
    std::string error = {};
};

int settle_recipients(
    Transaction& tx,
    IdSource& ids,
    const BatchRow& batch,
    const std::vector<Settlement>& settlements
);

// Settles a slice of the recipients of a batch that asks for it; true when more may be left.
bool settle_slice_of(Transaction& tx, IdSource& ids, const Clock& clock, CorpId corp, BatchId id);

// Jobs for the handler: the rest of one batch, or the unsent batches of a cancelled push.
void enqueue_settle(Transaction& tx, JobQueue& jobs, const BatchRow& batch);
void enqueue_settle_cancelled(Transaction& tx, JobQueue& jobs, CorpId corp, PushId push);
// All outlive the handler. batches_per_slice: of a cancelled push.
JobHandler settle_handler(
    Database& core, JobQueue& jobs, const Clock& clock, IdSource& ids, int batches_per_slice
);

}  // namespace leadbridge::crm
