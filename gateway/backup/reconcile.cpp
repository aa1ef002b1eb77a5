#include "gateway/backup/reconcile.h"

#include <functional>

#include "base/blob_store.h"
#include "base/job_queue.h"
#include "base/metrics.h"
#include "base/vault.h"
#include "connectors/wecom/lost_files.h"
#include "crm/nurture/push_ledger.h"
#include "crm/nurture/push_restore.h"
#include "gateway/stores.h"

namespace leadbridge::gateway {

namespace {

// Slices of a write until one finds nothing.
std::int64_t until_none(Database& core, const std::function<int(Transaction&)>& slice) {
    std::int64_t all = 0;
    for (;;) {
        const auto some =
            core.write<int>([&](Transaction& tx) -> Result<int> { return slice(tx); });
        if (!some) {
            throw DatabaseError(some.error().message);
        }
        if (*some == 0) {
            return all;
        }
        all += *some;
    }
}

}  // namespace

Result<ReconcileReport> reconcile_restored(
    const config::Settings& settings,
    const Secret& master,
    const Secret& next_key,
    UnixMillis backup_ms,
    const Clock& clock,
    Rng& rng
) {
    Metrics metrics;
    const auto core = open_core(settings, clock, metrics);
    const auto archive_db = open_archive(settings, clock, metrics);
    const auto vault = Vault::open(*core, clock, rng, master);
    if (!vault) {
        return vault.error();
    }
    const auto blobs = open_directory_blobs(settings.blobs.path, **vault);
    IdSource ids(clock, 0);
    JobQueue jobs(*core, clock, ids, rng);
    crm::PushLedger ledger(jobs, clock, ids);
    ReconcileReport report;
    report.archive = archive::reconcile(*archive_db, *core, *blobs, clock);
    report.lost_files = wecom::mark_lost_files(*core, *blobs);
    report.unknown_batches = until_none(*core, [&](Transaction& tx) {
        return ledger.recover_intents(tx, crm::PushLedger::Lost::all);
    });
    report.doubted_pushes =
        until_none(*core, [&](Transaction& tx) { return crm::doubt_pushes(tx, backup_ms); });
    if (!master.equals(next_key.reveal())) {
        if (Status wrapped = (*vault)->rewrap(next_key); !wrapped) {
            return wrapped.error();
        }
    }
    return report;
}

}  // namespace leadbridge::gateway
