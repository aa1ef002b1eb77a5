#pragma once
// The durable queue: at least once, leased, ordered per key without muting it, with schedule,
// priority and dead letter. A handler that wants "once in effect" writes its effect and done() in
// one transaction.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/rng.h"

namespace leadbridge {

using JobId = Id<struct JobTag>;

struct NewJob {
    CorpId corp;
    std::string queue;            // "wecom.tags", "wecom.sync", ...
    std::string payload;          // JSON
    std::string order_key = {};   // jobs of one key run one after another; "" = no order. From its
                                  // third try on a job no longer holds its key
    std::string unique_key = {};  // while a job of this queue and key is ready and not leased,
                                  // another one adds nothing (coalescing)
    UnixMillis run_at = 0;        // 0 = now
    UnixMillis expires_at = 0;    // after it the job is dead; 0 = never
    int priority = 5;             // 0 first .. 9 last
};

struct Job {
    JobId id;
    CorpId corp;
    std::string queue;
    std::string payload;
    int tries = 0;           // 1 at the first run
    std::int64_t fence = 0;  // changes with every lease; a late holder's done() has no effect
    UnixMillis created_ms = 0;
    UnixMillis expires_at = 0;
};

enum class JobState { ready = 0, leased = 1, dead = 3 };  // done jobs are deleted

struct JobRow {  // for people
    JobId id;
    CorpId corp;
    std::string queue;
    JobState state = JobState::ready;
    int tries = 0;
    UnixMillis run_at = 0;
    UnixMillis created_ms = 0;
    std::string payload;
    std::string error;
};

// Delays before try 2, 3, ...; each ±25 %. After the last one the job is dead.
struct RetrySchedule {
    std::vector<std::int64_t> delays_ms = {
        5'000,
        300'000,
        1'800'000,
        7'200'000,
        18'000'000,
        36'000'000,
        36'000'000,
        36'000'000,
        36'000'000,
        36'000'000,
        36'000'000};
};

// One per process and database: leases belong to it, and a second one would take them for those of
// a dead process. Thread-safe.
class JobQueue {
public:
    JobQueue(Database& db, const Clock& clock, IdSource& ids, Rng& rng);

    static std::span<const Migration> migrations();

    // Adds a job with the caller's transaction. Returns the id, or the id of the waiting job with
    // the same unique_key.
    JobId enqueue(Transaction& tx, const NewJob& job);

    // For a job that is about to be enqueued: changes what the older ones of its key would still
    // do, dead ones too. `change` gets a payload and answers the new one, or nothing to leave it.
    // One that runs at the moment keeps what it has read; the newer waits for its end.
    void supersede(
        Transaction& tx,
        CorpId corp,
        std::string_view queue,
        std::string_view order_key,
        const std::function<std::optional<std::string>(const std::string&)>& change
    );

    // Leases up to n jobs that are due, lowest priority number first, then oldest, skipping corps
    // in `excluded`. Within a corp the order is exact; one pass looks at up to 64 corps with work
    // and goes on from there the next time. Leases that ran out, or were given by an earlier
    // process, come back by themselves: the lease counted as a try.
    std::vector<Job> claim(
        std::string_view queue,
        int n,
        std::int64_t lease_ms,
        const std::vector<CorpId>& excluded = {}
    );
    // The same with the number of jobs each corp may still be given; 0 skips it.
    std::vector<Job> claim_within(
        std::string_view queue,
        int n,
        std::int64_t lease_ms,
        const std::function<int(CorpId)>& allowance
    );
    bool extend(const Job& job, std::int64_t lease_ms);
    // With the effect, in its transaction. False when the lease was lost: the caller must roll
    // back.
    bool done(Transaction& tx, const Job& job);
    void done(const Job& job);
    // Next try by the schedule, or dead when it is used up or expired.
    void fail(const Job& job, const RetrySchedule& schedule, std::string_view error);
    void retry_at(const Job& job, UnixMillis when, std::string_view error);
    // Puts it back without counting the try (open breaker, parked API).
    void release(const Job& job, UnixMillis when, std::string_view why);
    void dead(const Job& job, std::string_view error);

    // For people (API and command). retry puts a dead or waiting job at the head; drop deletes a
    // dead one.
    static std::vector<JobRow> list(
        Snapshot& s,
        CorpId corp,
        std::optional<JobState> state,
        std::string_view queue,
        JobId after,
        int limit
    );
    static Status retry(Transaction& tx, CorpId corp, JobId id, UnixMillis now);
    static Status drop(Transaction& tx, CorpId corp, JobId id);

    // Signals workers that something was enqueued and committed; polling each second is the truth.
    // enqueue() does it by itself after the commit; wake is for what became due in another way.
    void wake(std::string_view queue);
    // False when the time passed without a signal. One signal ends one wait.
    bool wait(std::string_view queue, std::int64_t max_ms);
    // Calls `signal` at each wake, with the queue, until the handle goes. Must only signal.
    std::shared_ptr<void> on_wake(std::function<void(const std::string& queue)> signal);
    // Milliseconds the oldest due job has waited, for metrics.
    static std::int64_t oldest_due_ms(Snapshot& s, UnixMillis now);

private:
    struct State;
    std::shared_ptr<State>
        state_;  // shared with the signals of transactions in flight, which may outlive the queue
};

// What a handler says of one job.
struct JobDone {};  // finished; the runner calls done()

struct JobSettled {};  // the handler called done(tx, job) itself

struct JobRetry {
    std::string error;
};  // next try by the schedule

struct JobRetryAt {
    UnixMillis when;
    std::string error;
};

struct JobHold {
    UnixMillis until;
    std::string why;
};  // no try is counted

struct JobDead {
    std::string error;
};

using JobOutcome = std::variant<JobDone, JobSettled, JobRetry, JobRetryAt, JobHold, JobDead>;

struct JobHandler {
    std::string queue;
    std::function<JobOutcome(const Job&)>
        run;  // on a job worker; may block on remote calls; an exception counts as JobRetry
    RetrySchedule schedule = {};
    std::int64_t lease_ms = 60'000;  // at least twice the longest call of the handler
};

struct JobRunnerOptions {
    int threads = 32;
    double corp_share = 0.25;  // of the threads one corp may hold
};

// Claims from the queue and runs handlers on its own threads. Started once; stop() waits for
// handlers in flight up to grace_ms.
class JobRunner {
public:
    JobRunner(JobQueue& queue, const Clock& clock, JobRunnerOptions options);
    ~JobRunner();
    void add(JobHandler handler);  // before start()
    void start();
    void stop(std::int64_t grace_ms = 10'000);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge
