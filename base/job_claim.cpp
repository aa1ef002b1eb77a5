// Which jobs go next. The search runs on a snapshot and costs the writer nothing; the lease is a
// write that checks again.

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/job_state.h"
#include "base/log.h"

namespace leadbridge {

namespace {

constexpr int corps_per_pass = 64;
constexpr int claims_per_write = 100;
constexpr int lapsed_per_write = 100;
constexpr int max_lapses =
    12;  // leases in a row that ended without a word: the job takes its process down
constexpr std::int64_t lapse_pause_ms = 5'000;

struct Candidate {
    int priority = 0;
    UnixMillis run_at = 0;
    JobId id;
    CorpId corp;

    auto order() const { return std::tie(priority, run_at, id); }
};

struct Lapsed {
    CorpId corp;
    JobId id;
};

std::vector<CorpId> corps_with_work(Snapshot& s) {
    // Steps over the index from corp to corp, whatever their number of rows.
    return s.all(
        "WITH RECURSIVE corp(id) AS (SELECT MIN(corp_id) FROM job WHERE state = 0 UNION ALL SELECT "
        "(SELECT MIN(corp_id)"
        " FROM job WHERE state = 0 AND corp_id > corp.id) FROM corp WHERE corp.id IS NOT NULL)"
        " SELECT id FROM corp WHERE id IS NOT NULL",
        Params{},
        [](const Row& row) { return row.id<CorpId>(0); }
    );
}

void add_candidates(
    Snapshot& s,
    CorpId corp,
    std::string_view queue,
    int n,
    UnixMillis now,
    std::vector<Candidate>& out
) {
    static const std::string due = fmt::format(
        "SELECT priority, run_at, id FROM job WHERE state = 0 AND corp_id = ? AND queue = ? AND "
        "priority = ? AND run_at <= ?"
        " AND {} ORDER BY run_at, id LIMIT ?",
        job_key_is_free
    );
    // Priority by priority, so that rows parked for later are never read.
    int priority = -1;
    while (n > 0) {
        const auto next = s.one(
            "SELECT priority FROM job WHERE state = 0 AND corp_id = ? AND queue = ? AND priority > "
            "?"
            " ORDER BY priority LIMIT 1",
            {corp, queue, priority},
            [](const Row& row) { return static_cast<int>(row.integer(0)); }
        );
        if (!next) {
            return;
        }
        priority = *next;
        s.each(due, {corp, queue, priority, now, now, n}, [&](const Row& row) {
            out.push_back({static_cast<int>(row.integer(0)), row.integer(1), row.id<JobId>(2), corp}
            );
            --n;
            return Visit::next;
        });
    }
}

std::vector<Lapsed> lapsed_leases(
    Snapshot& s, std::string_view queue, std::int64_t epoch, std::int64_t steady
) {
    return s.all(
        "SELECT corp_id, id FROM job WHERE state = 1 AND queue = ? AND (epoch <> ? OR lease_until "
        "<= ?) LIMIT ?",
        {queue, epoch, steady, lapsed_per_write},
        [](const Row& row) {
            return Lapsed{row.id<CorpId>(0), row.id<JobId>(1)};
        }
    );
}

void take_back(
    Database& db, const Clock& clock, const std::vector<Lapsed>& lapsed, std::int64_t epoch
) {
    const auto now = clock.now();
    const auto steady = clock.steady_ms();
    auto result = db.write<bool>([&](Transaction& tx) -> Result<bool> {
        for (const auto& job : lapsed) {
            // The first goes at once; a job that keeps losing its holder waits longer each time and
            // ends as dead.
            tx.execute(
                "UPDATE job SET state = CASE WHEN lapses + 1 >= ? THEN 3 ELSE 0 END, lapses = "
                "lapses + 1,"
                " run_at = ? + lapses * ?, error = 'its worker was lost while it ran' WHERE "
                "corp_id = ? AND id = ?"
                " AND state = 1 AND (epoch <> ? OR lease_until <= ?)",
                {max_lapses, now, lapse_pause_ms, job.corp, job.id, epoch, steady}
            );
        }
        return true;
    });
    log::warn(
        "base",
        "leases ran out and were taken back",
        {{"jobs", lapsed.size()}, {"stored", result.has_value()}}
    );
}

std::optional<Job> lease_one(
    Transaction& tx,
    const Candidate& candidate,
    std::string_view queue,
    UnixMillis now,
    std::int64_t epoch,
    std::int64_t until
) {
    // One that another process is about to lease is left to it.
    static const std::string hold = fmt::format(
        "SELECT expires_at FROM job WHERE corp_id = ? AND id = ? AND state = 0 AND run_at <= ? AND "
        "{} {}",
        job_key_is_free,
        skip_locked
    );
    const auto expires_at =
        tx.one(hold, {candidate.corp, candidate.id, now, now}, [](const Row& row) {
            return row.integer(0);
        });
    if (!expires_at) {
        return std::nullopt;
    }
    if (*expires_at > 0 && *expires_at <= now) {
        tx.execute(
            "UPDATE job SET state = 3, error = 'expired before it ran; last error: ' || error "
            "WHERE corp_id = ? AND id = ?",
            {candidate.corp, candidate.id}
        );
        return std::nullopt;
    }
    return tx.one(
        "UPDATE job SET state = 1, tries = tries + 1, fence = fence + 1, epoch = ?, lease_until = ?"
        " WHERE corp_id = ? AND id = ? RETURNING payload, tries, fence, created_ms, expires_at",
        {epoch, until, candidate.corp, candidate.id},
        [&](const Row& row) {
            Job job;
            job.id = candidate.id;
            job.corp = candidate.corp;
            job.queue = queue;
            job.payload = row.str(0);
            job.tries = static_cast<int>(row.integer(1));
            job.fence = row.integer(2);
            job.created_ms = row.integer(3);
            job.expires_at = row.integer(4);
            return job;
        }
    );
}

}  // namespace

std::int64_t JobQueue::State::current_epoch() {
    auto mine = epoch.lock();
    if (*mine == 0) {
        auto next = db.write<std::int64_t>([](Transaction& tx) -> Result<std::int64_t> {
            return tx.number(
                "INSERT INTO job_epoch(corp_id, n) VALUES(0, 1)"
                " ON CONFLICT(corp_id) DO UPDATE SET n = job_epoch.n + 1 RETURNING n"
            );
        });
        if (!next) {
            throw DatabaseError("the job queue could not start: " + next.error().message);
        }
        *mine = *next;
    }
    return *mine;
}

std::vector<Job> JobQueue::claim(
    std::string_view queue, int n, std::int64_t lease_ms, const std::vector<CorpId>& excluded
) {
    return claim_within(queue, n, lease_ms, [&](CorpId corp) {
        return std::find(excluded.begin(), excluded.end(), corp) == excluded.end() ? n : 0;
    });
}

std::vector<Job> JobQueue::claim_within(
    std::string_view queue,
    int n,
    std::int64_t lease_ms,
    const std::function<int(CorpId)>& allowance
) {
    n = std::min(n, claims_per_write);
    const auto epoch = state_->current_epoch();
    const auto now = state_->clock.now();
    const auto lapsed =
        state_->db.read<std::vector<Lapsed>>([&](Snapshot& s) -> Result<std::vector<Lapsed>> {
            return lapsed_leases(s, queue, epoch, state_->clock.steady_ms());
        });
    if (!lapsed->empty()) {
        take_back(state_->db, state_->clock, *lapsed, epoch);
    }
    auto found =
        state_->db.read<std::vector<Candidate>>([&](Snapshot& s) -> Result<std::vector<Candidate>> {
            std::vector<Candidate> candidates;
            const auto corps = corps_with_work(s);
            const CorpId start = (*state_->next_corp.lock())[std::string(queue)];
            auto at = std::lower_bound(corps.begin(), corps.end(), start);
            const auto passes = std::min<std::size_t>(corps.size(), corps_per_pass);
            for (std::size_t i = 0; i < passes; ++i, ++at) {
                at = at == corps.end() ? corps.begin() : at;
                add_candidates(s, *at, queue, std::min(n, allowance(*at)), now, candidates);
            }
            (*state_->next_corp.lock())[std::string(queue)] = at == corps.end() ? CorpId{} : *at;
            return candidates;
        });
    auto& candidates = *found;
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
        return a.order() < b.order();
    });
    candidates.resize(std::min(candidates.size(), static_cast<std::size_t>(std::max(n, 0))));
    if (candidates.empty()) {
        return {};
    }
    const auto until = state_->clock.steady_ms() + lease_ms;
    auto leased =
        state_->db.write<std::vector<Job>>([&](Transaction& tx) -> Result<std::vector<Job>> {
            std::vector<Job> jobs;
            for (const auto& candidate : candidates) {
                if (auto job = lease_one(tx, candidate, queue, now, epoch, until)) {
                    jobs.push_back(std::move(*job));
                }
            }
            return jobs;
        });
    return leased ? std::move(*leased) : std::vector<Job>{};
}

}  // namespace leadbridge
