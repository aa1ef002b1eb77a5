#include "base/job_queue.h"

#include <algorithm>
#include <iterator>

#include "base/backoff.h"
#include "base/crypto.h"
#include "base/job_state.h"
#include "base/log.h"

namespace leadbridge {

namespace {

constexpr Migration job_migrations[] = {
    {1,
     "CREATE TABLE job("
     "  id INTEGER PRIMARY KEY, corp_id INTEGER NOT NULL, queue TEXT NOT NULL, state INTEGER NOT "
     "NULL,"
     "  priority INTEGER NOT NULL, tries INTEGER NOT NULL, lapses INTEGER NOT NULL, run_at INTEGER "
     "NOT NULL,"
     "  created_ms INTEGER NOT NULL, expires_at INTEGER NOT NULL, lease_until INTEGER NOT NULL,"
     "  epoch INTEGER NOT NULL, fence INTEGER NOT NULL, key_hash INTEGER NOT NULL, unique_key TEXT,"
     "  payload TEXT NOT NULL, error TEXT NOT NULL);"
     "CREATE INDEX job_ready ON job(corp_id, queue, priority, run_at, id) WHERE state = 0;"
     "CREATE INDEX job_leased ON job(corp_id, id) WHERE state = 1;"
     "CREATE INDEX job_dead ON job(corp_id, id) WHERE state = 3;"
     "CREATE INDEX job_key ON job(corp_id, queue, key_hash, id) WHERE key_hash <> 0 AND state < 3;"
     "CREATE INDEX job_unique ON job(corp_id, queue, unique_key) WHERE unique_key IS NOT NULL AND "
     "state = 0;"
     "CREATE TABLE job_epoch(corp_id INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(corp_id));"},
    {2,
     "CREATE INDEX job_dead_key ON job(corp_id, queue, key_hash, id) WHERE key_hash <> 0 AND state "
     "= 3;"},
};

constexpr std::size_t max_error_text = 500;

// Stable over releases and machines; 0 means no key.
std::int64_t key_hash(std::string_view key) {
    if (key.empty()) {
        return 0;
    }
    const std::string digest = crypto::sha256(key);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        value = value << 8 | static_cast<unsigned char>(digest[i]);
    }
    return value == 0 ? 1 : static_cast<std::int64_t>(value);
}

// Puts a leased job into another state, unless the lease was lost: then somebody else decides.
void settle(Database& db, const Job& job, std::string_view sql, const std::vector<Param>& values) {
    auto settled = db.write<bool>([&](Transaction& tx) -> Result<bool> {
        std::vector<Param> params = values;
        params.insert(params.end(), {job.corp, job.id, job.fence});
        return tx.execute(sql, Params{params}) > 0;
    });
    if (!settled || !*settled) {
        log::warn(
            "base",
            "a job was not settled: its lease was lost or the queue was full",
            {{"queue", job.queue}, {"job", job.id}, {"tries", job.tries}}
        );
    }
}

}  // namespace

JobQueue::JobQueue(Database& db, const Clock& clock, IdSource& ids, Rng& rng)
    : state_(std::make_shared<State>(db, clock, ids, rng)) {}

std::span<const Migration> JobQueue::migrations() {
    return job_migrations;
}

JobId JobQueue::enqueue(Transaction& tx, const NewJob& job) {
    const auto now = state_->clock.now();
    const auto run_at = job.run_at == 0 ? now : job.run_at;
    tx.after_commit([signals = state_->signals, queue = job.queue] { signals->raise(queue); });
    if (!job.unique_key.empty()) {
        const auto waiting = tx.one(
            "SELECT id FROM job WHERE corp_id = ? AND queue = ? AND unique_key = ? AND state = 0 "
            "ORDER BY id LIMIT 1",
            {job.corp, job.queue, job.unique_key},
            [](const Row& row) { return row.id<JobId>(0); }
        );
        if (waiting) {
            // The waiting one does the work of both, so it goes when the more urgent of both would.
            // One in backoff keeps its pause.
            tx.execute(
                "UPDATE job SET run_at = ? WHERE corp_id = ? AND id = ? AND tries = 0 AND fence = "
                "0 AND run_at > ?",
                {run_at, job.corp, *waiting, run_at}
            );
            tx.execute(
                "UPDATE job SET priority = ? WHERE corp_id = ? AND id = ? AND priority > ?",
                {job.priority, job.corp, *waiting, job.priority}
            );
            return *waiting;
        }
    }
    const auto id = state_->ids.next_as<JobId>();
    const std::optional<std::string> unique_key =
        job.unique_key.empty() ? std::nullopt : std::make_optional(job.unique_key);
    tx.execute(
        "INSERT INTO job(id, corp_id, queue, state, priority, tries, lapses, run_at, created_ms, "
        "expires_at, lease_until,"
        " epoch, fence, key_hash, unique_key, payload, error) "
        "VALUES(?,?,?,0,?,0,0,?,?,?,0,0,0,?,?,?,'')",
        {id,
         job.corp,
         job.queue,
         std::clamp(job.priority, 0, 9),
         run_at,
         now,
         job.expires_at,
         key_hash(job.order_key),
         unique_key,
         job.payload}
    );
    return id;
}

void JobQueue::supersede(
    Transaction& tx,
    CorpId corp,
    std::string_view queue,
    std::string_view order_key,
    const std::function<std::optional<std::string>(const std::string&)>& change
) {
    struct Older {
        JobId id;
        std::string payload;
    };

    const auto read = [](const Row& row) { return Older{row.id<JobId>(0), row.str(1)}; };
    const std::int64_t key = key_hash(order_key);
    // Two statements, an index each.
    auto older = tx.all(
        "SELECT id, payload FROM job WHERE corp_id = ? AND queue = ? AND key_hash = ? AND key_hash "
        "<> 0 AND state < 3",
        {corp, queue, key},
        read
    );
    auto dead = tx.all(
        "SELECT id, payload FROM job WHERE corp_id = ? AND queue = ? AND key_hash = ? AND key_hash "
        "<> 0 AND state = 3",
        {corp, queue, key},
        read
    );
    std::move(dead.begin(), dead.end(), std::back_inserter(older));
    for (const Older& job : older) {
        if (const auto payload = change(job.payload)) {
            tx.execute(
                "UPDATE job SET payload = ? WHERE corp_id = ? AND id = ?", {*payload, corp, job.id}
            );
        }
    }
}

bool JobQueue::extend(const Job& job, std::int64_t lease_ms) {
    const auto until = state_->clock.steady_ms() + lease_ms;
    auto held = state_->db.write<bool>([&](Transaction& tx) -> Result<bool> {
        return tx.execute(
                   "UPDATE job SET lease_until = ? WHERE corp_id = ? AND id = ? AND state = 1 AND "
                   "fence = ?",
                   {until, job.corp, job.id, job.fence}
               ) > 0;
    });
    return held && *held;
}

bool JobQueue::done(Transaction& tx, const Job& job) {
    // The next job of the same key may go now.
    tx.after_commit([signals = state_->signals, queue = job.queue] { signals->raise(queue); });
    return tx.execute(
               "DELETE FROM job WHERE corp_id = ? AND id = ? AND state = 1 AND fence = ?",
               {job.corp, job.id, job.fence}
           ) > 0;
}

void JobQueue::done(const Job& job) {
    auto finished =
        state_->db.write<bool>([&](Transaction& tx) -> Result<bool> { return done(tx, job); });
    if (!finished || !*finished) {
        log::warn(
            "base",
            "a finished job had lost its lease and may run again",
            {{"queue", job.queue}, {"job", job.id}}
        );
    }
}

void JobQueue::fail(const Job& job, const RetrySchedule& schedule, std::string_view error) {
    const auto next = static_cast<std::size_t>(std::max(job.tries, 1)) - 1;
    if (next >= schedule.delays_ms.size()) {
        dead(job, error);
        return;
    }
    const auto when = state_->clock.now() + jittered(schedule.delays_ms[next], 0.25, state_->rng);
    if (job.expires_at > 0 && when >= job.expires_at) {
        dead(job, "expired before its next try; last error: " + std::string(error));
        return;
    }
    retry_at(job, when, error);
}

void JobQueue::retry_at(const Job& job, UnixMillis when, std::string_view error) {
    settle(
        state_->db,
        job,
        "UPDATE job SET state = 0, run_at = ?, error = ?, lapses = 0 WHERE corp_id = ? AND id = ? "
        "AND state = 1 AND fence = ?",
        {when, error.substr(0, max_error_text)}
    );
}

void JobQueue::release(const Job& job, UnixMillis when, std::string_view why) {
    settle(
        state_->db,
        job,
        "UPDATE job SET state = 0, run_at = ?, error = ?, lapses = 0, tries = tries - 1"
        " WHERE corp_id = ? AND id = ? AND state = 1 AND fence = ?",
        {when, why.substr(0, max_error_text)}
    );
}

void JobQueue::dead(const Job& job, std::string_view error) {
    log::warn(
        "base", "a job is dead", {{"queue", job.queue}, {"job", job.id}, {"tries", job.tries}}
    );
    settle(
        state_->db,
        job,
        "UPDATE job SET state = 3, error = ? WHERE corp_id = ? AND id = ? AND state = 1 AND fence "
        "= ?",
        {error.substr(0, max_error_text)}
    );
    wake(job.queue);  // it may have held its key
}

void JobQueue::wake(std::string_view queue) {
    state_->signals->raise(std::string(queue));
}

bool JobQueue::wait(std::string_view queue, std::int64_t max_ms) {
    auto& signals = *state_->signals;
    auto raised = signals.raised.lock();
    const bool woken = signals.woken.wait_for(raised.raw(), state_->clock.real(max_ms), [&] {
        return raised->contains(queue);
    });
    if (woken) {
        raised->erase(raised->find(queue));
    }
    return woken;
}

std::shared_ptr<void> JobQueue::on_wake(std::function<void(const std::string& queue)> signal) {
    return state_->signals->followers.add(std::move(signal));
}

}  // namespace leadbridge
