#include "gateway/clean_up.h"

#include <functional>
#include <iterator>
#include <string_view>
#include <vector>

#include "base/change_log.h"
#include "base/log.h"
#include "crm/corp_tables.h"
#include "crm/intake.h"
#include "crm/staff/password.h"
#include "crm/staff/session.h"
#include "gateway/idempotency.h"

namespace leadbridge::gateway {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr int slices = 20;
constexpr int slice_rows = 1'000;
constexpr int purge_rows = 20;  // of each of some forty tables

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
    {"corp_key", "corp_id"},
};

void run(
    Database& core, std::string_view what, const std::function<std::int64_t(Transaction&)>& slice
) {
    for (int i = 0; i < slices; ++i) {
        const auto gone = core.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
            return slice(tx);
        });
        if (!gone) {
            log::warn("clean_up", "put off", {{"what", what}, {"error", gone.error().message}});
        }
        if (!gone || *gone == 0) {
            return;
        }
    }
}

}  // namespace

void clean_up(Database& core, UnixMillis now) {
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
    std::vector<crm::CorpTable> tables(crm::crm_tables().begin(), crm::crm_tables().end());
    tables.insert(tables.end(), std::begin(other_tables), std::end(other_tables));
    run(core, "removed corps", [&](Transaction& tx) {
        return crm::purge_removed_corps(tx, tables, purge_rows);
    });
}

}  // namespace leadbridge::gateway
