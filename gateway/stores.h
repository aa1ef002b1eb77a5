#pragma once
// Where everything durable is opened, in the order that is safe: the data directory's lock, the
// databases with their migrations, the vault. Everything throws std::runtime_error naming cause and
// fix.

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "base/sqlite_database.h"
#include "base/token_index.h"
#include "base/vault.h"
#include "config/settings.h"

namespace leadbridge::gateway {

// Makes the directory where it is missing, and ends a restore that had begun to take its place. The
// holder alone may open what is in it.
DataDirLock lock_data_dir(const std::string& dir);
std::unique_ptr<Database> open_core(
    const config::Settings& settings, const Clock& clock, Metrics& metrics
);
std::unique_ptr<Database> open_archive(
    const config::Settings& settings, const Clock& clock, Metrics& metrics
);
// Without migrating: for a backup before an upgrade.
std::unique_ptr<Database> open_core_as_is(
    const config::Settings& settings, const Clock& clock, Metrics& metrics
);
std::unique_ptr<Database> open_archive_as_is(
    const config::Settings& settings, const Clock& clock, Metrics& metrics
);
// A database on PostgreSQL goes with all that is in it; throws where a daemon serves it. Nothing on
// SQLite.
void drop_databases(const config::Settings& settings);
// Beside the archive, in the data directory where that is on PostgreSQL; anything it lacks is
// indexed anew.
std::unique_ptr<TokenIndex> open_search_index(const config::Settings& settings);
// With the master key of the settings; makes the key on the first start.
std::unique_ptr<Vault> open_vault(
    Database& core, const Clock& clock, Rng& rng, const config::Settings& settings
);

// Only locks, opens and migrates; for `leadbridge migrate`.
void migrate_only(const config::Settings& settings);

}  // namespace leadbridge::gateway
