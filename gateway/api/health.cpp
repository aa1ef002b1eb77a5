// GET health: is the bridge well. Figures of the machine stand beside those of the corp; the
// counters come from the metrics, as Prometheus would scrape them.

#include <algorithm>

#include "archive/message_search.h"
#include "connectors/wecom/contact_sync.h"
#include "crm/staff/query.h"
#include "gateway/api/handlers.h"
#include "gateway/api/health_figures.h"
#include "gateway/api/support.h"
#include "gateway/inbox.h"
#include "gateway/version.h"

namespace leadbridge::gateway {

namespace {

double age_s(UnixMillis now, UnixMillis since) {
    return since == 0 ? 0 : static_cast<double>(std::max<std::int64_t>(0, now - since)) / 1'000.0;
}

json::object queues_json(Snapshot& s, CorpId corp, UnixMillis now) {
    const auto inbox = [&](InboxState state) {
        return s.number(
            "SELECT COUNT(*) FROM inbox WHERE corp_id = ? AND state = ?", {corp, state}
        );
    };
    json::array queues;
    std::int64_t ready = 0;
    std::int64_t dead = 0;
    double oldest = 0;
    s.each(
        "SELECT queue, SUM(CASE WHEN state < 3 THEN 1 ELSE 0 END), SUM(CASE WHEN state = 3 THEN 1 "
        "ELSE 0 END), COALESCE(MIN(CASE WHEN state = 0 AND run_at <= ? THEN run_at END), 0) FROM "
        "job WHERE corp_id = ? GROUP BY queue ORDER BY queue",
        {now, corp},
        [&](const Row& row) {
            const double age = age_s(now, row.integer(3));
            ready += row.integer(1);
            dead += row.integer(2);
            oldest = std::max(oldest, age);
            queues.push_back(json::object{
                {"queue", row.str(0)},
                {"ready", row.integer(1)},
                {"dead", row.integer(2)},
                {"oldest_s", age}});
            return Visit::next;
        }
    );
    return json::object{
        {"inbox_oldest_s",
         age_s(
             now,
             s.number(
                 "SELECT COALESCE(MIN(run_at), 0) FROM inbox WHERE corp_id = ? AND state = ? AND "
                 "run_at <= ?",
                 {corp, InboxState::ready, now}
             )
         )},
        {"inbox_parked", inbox(InboxState::parked)},
        {"inbox_dead", inbox(InboxState::dead)},
        {"jobs_oldest_s", oldest},
        {"jobs_ready", ready},
        {"jobs_dead", dead},
        {"by_queue", std::move(queues)}};
}

json::object sync_json(
    std::string_view resource,
    std::string_view state,
    UnixMillis last,
    UnixMillis now,
    std::string error
) {
    return json::object{
        {"resource", resource},
        {"state", state},
        {"last", time_json(last)},
        {"lag_s", last == 0 ? json::value(nullptr) : json::value(age_s(now, last))},
        {"error", std::move(error)}};
}

// The last error of a queue's dead or failing jobs, "" = none.
std::string queue_error(Snapshot& s, CorpId corp, std::string_view queue) {
    return s
        .one(
            "SELECT error FROM job WHERE corp_id = ? AND queue = ? AND error <> '' ORDER BY id "
            "DESC LIMIT 1",
            {corp, queue},
            [](const Row& row) { return row.str(0); }
        )
        .value_or("");
}

json::array syncs_json(Snapshot& s, CorpId corp, UnixMillis now) {
    json::array out;
    const auto run = wecom::last_sync_run(s, corp);
    const UnixMillis done = s.number(
        "SELECT COALESCE(MAX(finished_ms), 0) FROM contact_sync_run WHERE corp_id = ? AND error = "
        "''",
        {corp}
    );
    const bool running = run && run->finished_ms == 0;
    out.push_back(sync_json(
        "contacts",
        !run                  ? "never"
        : running             ? "running"
        : !run->error.empty() ? "failed"
                              : "ok",
        done,
        now,
        run ? run->error : std::string()
    ));
    const UnixMillis members =
        s.number("SELECT COALESCE(MAX(updated_ms), 0) FROM member WHERE corp_id = ?", {corp});
    std::string error = queue_error(s, corp, "wecom.sync_members");
    out.push_back(sync_json(
        "members",
        !error.empty() ? "failed"
        : members == 0 ? "never"
                       : "ok",
        members,
        now,
        error
    ));
    error = queue_error(s, corp, "wecom.sync_tags");
    const bool tags = s.exists("SELECT 1 FROM tag WHERE corp_id = ? AND wecom_id <> ''", {corp});
    out.push_back(sync_json(
        "tags",
        !error.empty() ? "failed"
        : tags         ? "ok"
                       : "never",
        0,
        now,
        error
    ));
    return out;
}

json::object archive_sync(Snapshot& s, CorpId corp, UnixMillis now) {
    const UnixMillis pulled =
        s.number("SELECT pulled_ms FROM archive_pull WHERE corp_id = ?", {corp});
    return sync_json("archive", pulled == 0 ? "never" : "ok", pulled, now, "");
}

// The search index behind the archive.
json::object search_sync(const ApiServices& services, CorpId corp, UnixMillis now) {
    const auto behind = services.search.behind(corp);
    if (!behind) {
        return sync_json("search", "failed", 0, now, behind.error().message);
    }
    return sync_json("search", *behind > 0 ? "running" : "ok", *behind > 0 ? 0 : now, now, "");
}

}  // namespace

Result<Response> get_health(const ApiServices& services, const ApiRequest& request) {
    const CorpId corp = request.corp();
    const UnixMillis now = services.clock.now();
    const DatabaseStats core = services.core.stats();
    const DatabaseStats archive = services.archive.stats();
    json::object out{
        {"version", std::string(version)},
        {"now", time_json(now)},
        {"database",
         json::object{
             {"bytes", core.size_bytes},
             {"wal_bytes", core.wal_bytes},
             {"archive_bytes", archive.size_bytes},
             {"rows_waiting", core.rows_waiting + archive.rows_waiting},
             {"healthy", core.healthy && archive.healthy}}}};
    json::array syncs;
    auto read = services.core.read<int>([&](Snapshot& s) -> Result<int> {
        out["queues"] = queues_json(s, corp, now);
        syncs = syncs_json(s, corp, now);
        return 0;
    });
    auto pulled = services.archive.read<int>([&](Snapshot& s) -> Result<int> {
        syncs.push_back(archive_sync(s, corp, now));
        return 0;
    });
    if (!read || !pulled) {
        return read ? std::move(pulled).error() : std::move(read).error();
    }
    syncs.push_back(search_sync(services, corp, now));
    out["sync"] = std::move(syncs);
    const auto samples = metric_samples(
        services.metrics.render(),
        {"leadbridge_wecom_calls_total",
         "leadbridge_callback_seconds_bucket",
         "leadbridge_welcome_age_seconds_bucket",
         "leadbridge_wecom_call_seconds_bucket",
         "leadbridge_db_commit_seconds_bucket"}
    );
    const auto of = [&](const char* name) {
        const auto at = samples.find(name);
        return at == samples.end() ? std::vector<MetricSample>{} : at->second;
    };
    out["wecom"] = json::object{
        {"calls", wecom_calls_json(of("leadbridge_wecom_calls_total"))},
        {"quotas", wecom_quotas_json(services, corp)},
        {"paused_until", wecom_paused_json(services, corp)}};
    out["latency"] = json::object{
        {"callback_ms", quantiles_json(of("leadbridge_callback_seconds_bucket"))},
        {"welcome_ms", quantiles_json(of("leadbridge_welcome_age_seconds_bucket"))},
        {"wecom_call_ms", quantiles_json(of("leadbridge_wecom_call_seconds_bucket"))},
        {"commit_ms", quantiles_json(of("leadbridge_db_commit_seconds_bucket"))}};
    return Response::json(200, to_text(out));
}

}  // namespace leadbridge::gateway
