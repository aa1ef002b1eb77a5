#pragma once
// What a restored installation must settle before it works: the rooms' own rules, in order.

#include "archive/reconcile.h"
#include "base/clock.h"
#include "base/rng.h"
#include "base/secret.h"
#include "config/settings.h"

namespace leadbridge::gateway {

struct ReconcileReport {
    archive::Reconciled archive;
    std::int64_t lost_files = 0;       // of ours to send, without their bytes
    std::int64_t unknown_batches = 0;  // pushes on their way: looked up at WeCom
    std::int64_t doubted_pushes = 0;   // looked up before anything of them is sent
};

// settings name the databases and blobs, which nobody else has open; they are migrated. backup_ms:
// no later than the moment they show. next_key: wraps the corps' keys with it, where it differs.
// Repeating it changes nothing more. Throws DatabaseError.
Result<ReconcileReport> reconcile_restored(
    const config::Settings& settings,
    const Secret& master,
    const Secret& next_key,
    UnixMillis backup_ms,
    const Clock& clock,
    Rng& rng
);

}  // namespace leadbridge::gateway
