#pragma once
// What the files of the job queue share. Private to them.

#include <atomic>
#include <condition_variable>
#include <map>
#include <set>
#include <string>

#include "base/guarded.h"
#include "base/job_queue.h"
#include "base/signal_list.h"

namespace leadbridge {

struct JobSignals {
    Guarded<std::set<std::string, std::less<>>> raised;
    std::condition_variable woken;
    SignalList<std::string> followers;

    void raise(const std::string& queue) {
        raised.lock()->insert(queue);
        woken.notify_all();
        followers.call(queue);
    }
};

struct JobQueue::State {
    State(Database& database, const Clock& a_clock, IdSource& id_source, Rng& random)
        : db(database), clock(a_clock), ids(id_source), rng(random) {}

    Database& db;
    const Clock& clock;
    IdSource& ids;
    Rng& rng;
    // Shared with transactions in flight: their signal may come after the queue has gone.
    std::shared_ptr<JobSignals> signals = std::make_shared<JobSignals>();
    Guarded<std::int64_t> epoch;  // of this process; 0 = not asked for yet
    Guarded<std::map<std::string, CorpId, std::less<>>>
        next_corp;  // where the next pass of a queue begins

    std::int64_t current_epoch();
};

// Older rows of a key that keep a younger one waiting: leased (two of a key never run at once), or
// in their first two tries due, put back, or waiting for the second try. `o` is the older row; the
// younger is `job` of the statement around it. One `?`: now.
inline constexpr const char* job_key_is_free =
    "(job.key_hash = 0 OR NOT EXISTS (SELECT 1 FROM job o WHERE o.corp_id = job.corp_id AND "
    "o.queue = job.queue"
    " AND o.key_hash = job.key_hash AND o.key_hash <> 0 AND o.state < 3 AND o.id < job.id"
    " AND (o.state = 1 OR (o.state = 0 AND o.tries < 2 AND (o.run_at <= ? OR "
    "o.fence > 0)))))";

}  // namespace leadbridge
