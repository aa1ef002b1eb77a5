// GET health: is the bridge well. Figures of the machine stand beside those of the corp; the
// counters come from the metrics, as Prometheus would scrape them.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "archive/message_search.h"
#include "connectors/wecom/contact_sync.h"
#include "connectors/wecom/services.h"
#include "crm/staff/query.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/inbox.h"
#include "gateway/version.h"

namespace leadbridge::gateway {

namespace {

// One line of Prometheus' text: name{label="value",...} number.
struct Sample {
    std::map<std::string, std::string> labels;
    double value = 0;
};

std::map<std::string, std::string> labels_of(std::string_view text) {
    std::map<std::string, std::string> out;
    while (!text.empty()) {
        const std::size_t equals = text.find("=\"");
        const std::size_t end =
            equals == std::string_view::npos ? equals : text.find('"', equals + 2);
        if (end == std::string_view::npos) {
            break;
        }
        out.emplace(text.substr(0, equals), text.substr(equals + 2, end - equals - 2));
        text.remove_prefix(std::min(text.size(), end + 2));
    }
    return out;
}

// Samples by name, of the names that are asked for.
std::map<std::string, std::vector<Sample>> samples_of(
    const std::string& text, const std::vector<std::string_view>& names
) {
    std::map<std::string, std::vector<Sample>> out;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const std::size_t space = line.rfind(' ');
        const std::string_view name = line.substr(0, line.find_first_of("{ "));
        if (space == std::string_view::npos ||
            std::find(names.begin(), names.end(), name) == names.end()) {
            continue;
        }
        Sample sample;
        const std::string_view number = line.substr(space + 1);
        std::from_chars(number.data(), number.data() + number.size(), sample.value);
        const std::size_t open = line.find('{');
        const std::size_t close = line.rfind('}');
        if (open != std::string_view::npos && close != std::string_view::npos) {
            sample.labels = labels_of(line.substr(open + 1, close - open - 1));
        }
        out[std::string(name)].push_back(std::move(sample));
    }
    return out;
}

// Quantiles in ms from the buckets of a histogram in seconds, its labels added up. Within a bucket
// the upper edge is told.
json::object quantiles(const std::vector<Sample>& buckets) {
    std::map<double, double> up_to;
    for (const Sample& sample : buckets) {
        const auto le = sample.labels.find("le");
        if (le == sample.labels.end()) {
            continue;
        }
        const std::string& text = le->second;
        double edge = HUGE_VAL;
        if (text != "+Inf") {
            std::from_chars(text.data(), text.data() + text.size(), edge);
        }
        up_to[edge] += sample.value;
    }
    const double total = up_to.empty() ? 0 : up_to.rbegin()->second;
    json::object out{{"count", static_cast<std::int64_t>(total)}};
    for (const auto& [name, part] : {std::pair("p50", 0.5), {"p95", 0.95}, {"p99", 0.99}}) {
        out[name] = nullptr;
        double last_edge = 0;
        for (const auto& [edge, n] : up_to) {
            last_edge = std::isinf(edge) ? last_edge : edge;
            if (total > 0 && n >= part * total) {
                out[name] = last_edge * 1'000;
                break;
            }
        }
    }
    return out;
}

json::array calls_json(const std::vector<Sample>& samples) {
    struct Calls {
        std::int64_t all = 0;
        std::int64_t failed = 0;
        std::map<std::string, std::int64_t> errors;
    };

    std::map<std::string, Calls> by_api;
    for (const Sample& sample : samples) {
        const auto n = static_cast<std::int64_t>(sample.value);
        const auto api = sample.labels.find("api");
        const auto what = sample.labels.find("class");
        if (api == sample.labels.end() || what == sample.labels.end()) {
            continue;
        }
        Calls& calls = by_api[api->second];
        calls.all += n;
        if (what->second != "ok") {
            calls.failed += n;
            calls.errors[what->second] += n;
        }
    }
    std::vector<std::pair<std::string, Calls>> list(by_api.begin(), by_api.end());
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
        return a.second.all > b.second.all;
    });
    json::array out;
    for (const auto& [api, calls] : list) {
        json::array errors;
        for (const auto& [code, n] : calls.errors) {
            errors.push_back(json::object{{"code", code}, {"count", n}});
        }
        out.push_back(json::object{
            {"api", api},
            {"calls", calls.all},
            {"failed", calls.failed},
            {"errors", std::move(errors)}});
    }
    return out;
}

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
    const auto samples = samples_of(
        services.metrics.render(),
        {"leadbridge_wecom_calls_total",
         "leadbridge_welcome_age_seconds_bucket",
         "leadbridge_wecom_call_seconds_bucket",
         "leadbridge_db_commit_seconds_bucket"}
    );
    const auto of = [&](const char* name) {
        const auto at = samples.find(name);
        return at == samples.end() ? std::vector<Sample>{} : at->second;
    };
    out["wecom"] = json::object{{"calls", calls_json(of("leadbridge_wecom_calls_total"))}};
    out["latency"] = json::object{
        {"welcome_ms", quantiles(of("leadbridge_welcome_age_seconds_bucket"))},
        {"wecom_call_ms", quantiles(of("leadbridge_wecom_call_seconds_bucket"))},
        {"commit_ms", quantiles(of("leadbridge_db_commit_seconds_bucket"))}};
    return Response::json(200, to_text(out));
}

}  // namespace leadbridge::gateway
