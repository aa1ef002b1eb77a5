#pragma once
// Plans a submitted push: audience -> exclusions, each with a reason -> a ledger row per recipient
// with its sender fixed -> batches per sender of at most 10,000 -> SendPushBatch jobs. Works in
// slices, each a transaction of its own that moves a cursor; a planner that dies or runs twice adds
// nothing twice.
//
// Sender: the owner of the contact if they are friends, else the live friendship added last; whose
// member can't send is passed over. Exclusions, the first that fits: no_follow (never a friend),
// lost (was), blocked, opted_out, sender_unavailable, duplicate_person (its external_userid is
// already in the push), in_other_push (in a push not yet handed over, or waiting with the same
// content), capped (the corp's rule, counted from our ledger: pushes that members sent by hand are
// unknown to us).

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/job_queue.h"
#include "crm/nurture/push_ledger.h"
#include "crm/nurture/tag_bitmaps.h"

namespace leadbridge::crm {

struct PushPlannerOptions {
    int recipients_per_slice = 200;
    int batches_per_slice = 100;
    int recipients_per_batch = 10'000;  // path 92135
};

class PushPlanner {
public:
    // All outlive the planner. Thread-safe.
    PushPlanner(
        Database& core,
        TagBitmaps& bitmaps,
        JobQueue& jobs,
        const Clock& clock,
        IdSource& ids,
        PushPlannerOptions options = {}
    );

    // "push.plan" and "push.settle".
    std::vector<JobHandler> handlers();

    enum class Step : std::uint8_t {
        planned,      // every batch is enqueued, or the push was cancelled or does not exist
        interrupted,  // the lease was lost or another planner is at work: run again
        not_yet,      // its time has not come
    };
    // job: extended while it goes on; nullptr in tests. slices: stop after so many transactions (0
    // = none), as a crash would.
    Step plan(CorpId corp, PushId push, const Job* job = nullptr, int slices = 0);

private:
    struct Work;
    bool begin(Work& work);
    bool plan_recipients(Work& work);
    bool enqueue_batches(Work& work);

    Database& core_;
    TagBitmaps& bitmaps_;
    JobQueue& jobs_;
    const Clock& clock_;
    IdSource& ids_;
    const PushPlannerOptions options_;
};

}  // namespace leadbridge::crm
