#pragma once
// Pushes that came back with a backup. What was handed to WeCom after the backup was made is not in
// their ledger, so nothing of them is sent before it was looked up: a batch that would be begun
// becomes unknown, with the backup's time as its intent's, and goes the way of every unknown one.

#include "base/clock.h"
#include "base/database.h"
#include "base/job_queue.h"

namespace leadbridge::crm {

struct BatchRow;

// Marks the pushes that are not over, drafts too: they may have been submitted since. At most 500 a
// call; how many, repeat until 0. backup_ms: no later than the moment that the backup shows.
int doubt_pushes(Transaction& tx, UnixMillis backup_ms);

// Of the ledger: the batch of such a push before its first intent after the restore.
void doubt_batch(Transaction& tx, JobQueue& jobs, const BatchRow& b, UnixMillis now);

}  // namespace leadbridge::crm
