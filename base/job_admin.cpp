// What people may do with jobs.

#include "base/job_queue.h"

namespace leadbridge {

std::vector<JobRow> JobQueue::list(
    Snapshot& s,
    CorpId corp,
    std::optional<JobState> state,
    std::string_view queue,
    JobId after,
    int limit
) {
    std::string sql =
        "SELECT id, corp_id, queue, state, tries, run_at, created_ms, payload, error FROM job "
        "WHERE corp_id = ? AND id > ?";
    std::vector<Param> params = {corp, after};
    if (state) {
        // Written out, so that the index of that state serves.
        sql += " AND state = " + std::to_string(static_cast<int>(*state));
    }
    if (!queue.empty()) {
        sql += " AND queue = ?";
        params.emplace_back(queue);
    }
    sql += " ORDER BY id LIMIT ?";
    params.emplace_back(limit);
    return s.all(sql, Params{params}, [](const Row& row) {
        return JobRow{
            row.id<JobId>(0),
            row.id<CorpId>(1),
            row.str(2),
            static_cast<JobState>(row.integer(3)),
            static_cast<int>(row.integer(4)),
            row.integer(5),
            row.integer(6),
            row.str(7),
            row.str(8)};
    });
}

Status JobQueue::retry(Transaction& tx, CorpId corp, JobId id, UnixMillis now) {
    const auto moved = tx.execute(
        "UPDATE job SET state = 0, priority = 0, run_at = ?, tries = 0, lapses = 0,"
        " expires_at = CASE WHEN expires_at <= ? THEN 0 ELSE expires_at END"
        " WHERE corp_id = ? AND id = ? AND state IN (0, 3)",
        {now, now, corp, id}
    );
    if (moved > 0) {
        return {};
    }
    if (tx.exists("SELECT 1 FROM job WHERE corp_id = ? AND id = ?", {corp, id})) {
        return Error{ErrorCode::conflict, "the job is running now", "job_running"};
    }
    return Error{ErrorCode::not_found, "no such job; finished jobs are not kept", "job_not_found"};
}

Status JobQueue::drop(Transaction& tx, CorpId corp, JobId id) {
    if (tx.execute("DELETE FROM job WHERE corp_id = ? AND id = ? AND state = 3", {corp, id}) > 0) {
        return {};
    }
    if (tx.exists("SELECT 1 FROM job WHERE corp_id = ? AND id = ?", {corp, id})) {
        return Error{ErrorCode::conflict, "only a dead job can be dropped", "job_not_dead"};
    }
    return Error{ErrorCode::not_found, "no such job; finished jobs are not kept", "job_not_found"};
}

std::int64_t JobQueue::oldest_due_ms(Snapshot& s, UnixMillis now) {
    const auto oldest =
        s.number("SELECT MIN(run_at) FROM job WHERE state = 0 AND run_at <= ?", {now});
    return oldest == 0 ? 0 : now - oldest;
}

}  // namespace leadbridge
