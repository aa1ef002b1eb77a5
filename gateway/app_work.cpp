// What the App does by itself: metrics, regular work, what an earlier process left, readiness.

#include <algorithm>
#include <stdexcept>

#include "base/log.h"
#include "crm/contacts/tag.h"
#include "crm/leads/channel_serving.h"
#include "gateway/app_parts.h"
#include "gateway/clean_up.h"

namespace leadbridge::gateway {

namespace {

constexpr std::int64_t lag_not_ready_ms = 60'000;

}  // namespace

std::int64_t App::Parts::inbox_lag_ms() {
    const UnixMillis now = clock->now();
    auto lag = core->read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
        const std::int64_t oldest =
            s.number("SELECT run_at FROM inbox WHERE state = 0 ORDER BY run_at, id LIMIT 1");
        return oldest == 0 ? 0 : std::max<std::int64_t>(0, now - oldest);
    });
    return lag ? *lag : 0;
}

void App::Parts::add_metrics() {
    Gauge& outbox =
        metrics.gauge("leadbridge_outbox_oldest_seconds", "Age of the oldest job that is due");
    Gauge& unknown =
        metrics.gauge("leadbridge_push_unknown", "Recipients of pushes whose outcome is in doubt");
    Gauge& size = metrics.gauge("leadbridge_database_bytes", "Size of core.db");
    metrics.on_scrape([this, &outbox, &unknown, &size] {
        auto read = core->read<int>([&](Snapshot& s) -> Result<int> {
            outbox.set(static_cast<double>(JobQueue::oldest_due_ms(s, clock->now())) / 1'000.0);
            unknown.set(static_cast<double>(crm::PushLedger::unknown_recipients(s)));
            return 0;
        });
        size.set(read ? static_cast<double>(core->stats().size_bytes) : 0);
    });
}

void App::Parts::add_periodic_jobs() {
    for (const auto& corp : corp_directory.all()) {
        if (!periodic.insert(corp->id).second) {
            continue;
        }
        auto put = core->write<int>([&](Transaction& tx) -> Result<int> {
            wecom::enqueue_periodic(tx, wecom_services, corp->id);
            if (!wecom::last_sync_run(tx, corp->id)) {
                wecom::enqueue_first_sync(tx, wecom_services, corp->id);
            }
            return 0;
        });
        if (!put) {
            periodic.erase(corp->id);
        }
    }
}

// Slots that begin or end, and midnight: whoever serves a channel then is told to WeCom by a job.
void App::Parts::put_channel_servings() {
    for (const auto& corp : corp_directory.all()) {
        const auto due = core->read<bool>([&](Snapshot& s) -> Result<bool> {
            return crm::servings_due(s, corp->id, clock->now());
        });
        if (!due || !*due) {
            continue;
        }
        auto put = core->write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
            return crm::put_due_servings(tx, {*clock, ids, jobs}, corp->id);
        });
        if (!put) {
            log::warn("scheduler", "channels are not looked at", {{"error", put.error().message}});
        }
    }
}

void App::Parts::add_regular_work() {
    scheduler.every(1'000, "corps", [this] { add_periodic_jobs(); });
    scheduler.every(5'000, "tags", [this] {
        for (const auto& corp : corp_directory.all()) {
            auto moved = core->write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
                return crm::TagStore({*clock, ids, jobs}).settle(tx, corp->id);
            });
            if (!moved) {
                log::warn(
                    "scheduler", "tags could not be settled", {{"error", moved.error().message}}
                );
            }
        }
    });
    scheduler.every(5'000, "channels", [this] { put_channel_servings(); });
    scheduler.every(60'000, "clean_up", [this] {
        clean_up({*core, *archive_db, *blobs}, clock->now());
    });
}

// What an earlier process left half done.
void App::Parts::recover() {
    while (true) {
        auto lost = core->write<int>([&](Transaction& tx) -> Result<int> {
            return ledger.recover_intents(tx, crm::PushLedger::Lost::all);
        });
        if (!lost) {
            throw std::runtime_error("the push ledger cannot be read: " + lost.error().message);
        }
        if (*lost == 0) {
            break;
        }
        log::warn(
            "push", "batches in doubt after a restart are being looked up", {{"batches", *lost}}
        );
    }
    std::vector<CorpId> known;
    for (const auto& corp : corp_directory.all()) {
        known.push_back(corp->id);
    }
    welcome.recover(known);
    inbox.redeliver_welcomes(clock->now() - 20'000);
}

std::string App::Parts::not_ready() {
    if (!core->stats().healthy || !archive_db->stats().healthy) {
        return "the store is not healthy: look at the log for its last error";
    }
    if (const std::int64_t lag = inbox_lag_ms(); lag > lag_not_ready_ms) {
        return "the inbox is " + std::to_string(lag / 1'000) + " s behind";
    }
    return {};
}

}  // namespace leadbridge::gateway
