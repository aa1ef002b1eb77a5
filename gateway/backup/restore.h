#pragma once
// `leadbridge restore DIR`: the whole installation as a backup shows it. Everything is made ready
// and reconciled beside the present one, then put in its place by renames (switch_over.h). What
// stood there is put aside, never deleted; the master key stays.

#include <string>

#include "base/clock.h"
#include "base/rng.h"
#include "config/settings.h"
#include "gateway/backup/backup.h"
#include "gateway/backup/reconcile.h"
#include "gateway/backup/switch_over.h"

namespace leadbridge::gateway {

struct RestoreOptions {
    std::string path;  // a backup, or the folder above: then its newest
    // The key it was made with, where that is not the present one any more: the corps' keys are
    // wrapped with the present one then.
    std::string key_file = {};
    Reached reached = {};
};

struct Restored {
    std::string folder;
    std::string aside;       // "" = nothing stood there
    bool was_begun = false;  // an earlier command had come to the renames: they were ended
    Manifest manifest;       // of what was restored now
    std::int64_t blobs = 0;
    std::int64_t bad_blobs = 0;  // missing or damaged in the backup
    ReconcileReport reconciled;
};

// Takes the data directory's lock; Error{conflict} while a daemon holds it. Error{auth} for another
// master key and Error{unsupported} for a newer schema, both before anything is touched. A crash
// leaves the old installation or the new one, and the same command again ends what was begun.
// Throws DatabaseError, std::system_error.
Result<Restored> restore_backup(
    const config::Settings& settings,
    const RestoreOptions& options,
    const Clock& clock,
    Rng& rng,
    const OnProgress& on_progress
);

}  // namespace leadbridge::gateway
