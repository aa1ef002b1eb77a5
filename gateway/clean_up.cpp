#include "gateway/clean_up.h"

#include <functional>
#include <iterator>
#include <string_view>
#include <vector>

#include "archive/schema.h"
#include "base/change_log.h"
#include "base/log.h"
#include "connectors/wecom/retention.h"
#include "crm/corp_tables.h"
#include "crm/intake.h"
#include "crm/staff/password.h"
#include "crm/staff/session.h"
#include "gateway/idempotency.h"
#include "gateway/inbox_rows.h"

namespace leadbridge::gateway {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr int slices = 20;
constexpr int slice_rows = 1'000;
constexpr int purge_rows = 20;  // of each of some forty tables
constexpr int archive_slices = 100;
constexpr int archive_rows = 50;  // of each of ten tables, some of them with long texts
constexpr int removed_at_once = 10;
constexpr int files_at_once = 2'000;

// The corp's key goes with the first slice: whatever was sealed with it, here or in another file or
// a backup of it, is unreadable after the next start.
constexpr crm::CorpTable other_tables[] = {
    {"inbox", "id"},
    {"idempotency", "key"},
    {"job", "id"},
    {"welcome", "inbox_id"},
    {"media", "id"},
    {"contact_sync_run", "id"},
    {"contact_sync_member", "userid_key"},
    {"archive_feed_cursor", "corp_id"},
    {"setup_step", "step"},
    {"side_opened", "corp_id"},
    {"verify_file", "name"},
    {"corp_key", "corp_id"},
};

// True when nothing is left to do.
bool run(
    Database& db,
    std::string_view what,
    const std::function<std::int64_t(Transaction&)>& slice,
    int times = slices
) {
    for (int i = 0; i < times; ++i) {
        const auto gone = db.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
            return slice(tx);
        });
        if (!gone) {
            log::warn("clean_up", "put off", {{"what", what}, {"error", gone.error().message}});
        }
        if (!gone || *gone == 0) {
            return gone.has_value();
        }
    }
    return false;
}

void forget_old_rows(Database& core, UnixMillis now) {
    const auto corps =
        core.read<std::vector<CorpId>>([](Snapshot& s) -> Result<std::vector<CorpId>> {
            return s.all("SELECT id FROM corp", {}, [](const Row& row) {
                return row.id<CorpId>(0);
            });
        });
    const wecom::Oldest oldest{
        first_id_at(now - wecom::keep_welcomes_ms), first_id_at(now - wecom::keep_sync_runs_ms)};
    for (const CorpId corp : corps.value_or({})) {
        run(core, "welcomes and sync runs", [&](Transaction& tx) {
            return wecom::forget_old_rows(tx, corp, oldest, slice_rows);
        });
    }
}

// The note of the removal goes last: a crash in between only costs time.
void purge(const CleanUpStores& stores, const crm::RemovedCorp& corp, UnixMillis now) {
    std::vector<crm::CorpTable> tables(crm::crm_tables().begin(), crm::crm_tables().end());
    tables.insert(tables.end(), std::begin(other_tables), std::end(other_tables));
    const bool core = run(stores.core, "rows of a removed corp", [&](Transaction& tx) {
        return crm::purge_corp(tx, corp.id, tables, purge_rows);
    });
    const bool archive = run(
        stores.archive,
        "the archive of a removed corp",
        [&](Transaction& tx) {
            return crm::purge_corp(tx, corp.id, archive::corp_tables(), archive_rows);
        },
        archive_slices
    );
    const bool files = stores.blobs.remove_all(corp.id, files_at_once);
    if (core && archive && files && now - corp.removed_ms >= removed_corp_lingers_ms) {
        run(stores.core, "the note of a removed corp", [&](Transaction& tx) {
            crm::forget_removed_corp(tx, corp.id);
            return 0;
        });
    }
}

}  // namespace

void clean_up(const CleanUpStores& stores, UnixMillis now) {
    Database& core = stores.core;
    run(core, "applied touches", [&](Transaction& tx) {
        return crm::forget_applied(tx, now - 30 * day_ms, slice_rows);
    });
    run(core, "idempotency keys", [&](Transaction& tx) { return forget_old_keys(tx, now); });
    run(core, "sessions", [&](Transaction& tx) {
        return crm::SessionStore::forget(tx, now, slice_rows);
    });
    run(core, "failed sign-ins", [&](Transaction& tx) {
        return crm::LoginFailures::forget(tx, now, slice_rows);
    });
    run(core, "change log", [&](Transaction& tx) {
        return trim_changes(tx, now - 7 * day_ms, slice_rows);
    });
    forget_old_rows(core, now);
    const auto removed = core.read<std::vector<crm::RemovedCorp>>(
        [](Snapshot& s) -> Result<std::vector<crm::RemovedCorp>> {
            return crm::removed_corps(s, removed_at_once);
        }
    );
    for (const crm::RemovedCorp& corp : removed.value_or({})) {
        purge(stores, corp, now);
    }
}

}  // namespace leadbridge::gateway
