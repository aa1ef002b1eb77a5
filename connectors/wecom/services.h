#pragma once
// What the job handlers of this room work with. All objects outlive the handlers; all are
// thread-safe.

#include <string>

#include "base/blob_store.h"
#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/job_queue.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "connectors/wecom/api_client.h"
#include "crm/contacts/contact.h"
#include "crm/intake.h"

namespace leadbridge::wecom {

class MediaStore;

struct WecomServices {
    Database& core;
    JobQueue& jobs;
    const Clock& clock;
    IdSource& ids;
    Rng& rng;
    Metrics& metrics;
    ApiClient& api;
    MediaStore& media;

    crm::IntakeServices intake() const { return {clock, ids, jobs}; }

    crm::CrmServices crm() const { return {clock, ids, jobs}; }
};

// Tables of this room: contact_sync_run, contact_sync_member, media, welcome.
std::span<const Migration> migrations();

// Runs effect(tx) and done(tx, job) in one transaction: an effect is applied once, however often
// the job runs. A lost lease rolls back. effect returns Status.
template <class F>
JobOutcome settle(Database& core, JobQueue& jobs, const Job& job, F&& effect) {
    auto written = core.write<int>([&](Transaction& tx) -> Result<int> {
        if (Status status = effect(tx); !status) {
            return std::move(status).error();
        }
        if (!jobs.done(tx, job)) {
            return Error{ErrorCode::conflict, "the lease of the job was lost", "lease_lost"};
        }
        return 0;
    });
    if (written) {
        return JobSettled{};
    }
    return JobRetry{written.error().message};
}

}  // namespace leadbridge::wecom
