#include "gateway/stores.h"

#include <filesystem>
#include <stdexcept>

#include "archive/feed.h"
#include "archive/schema.h"
#include "archive/search_document.h"
#include "base/job_queue.h"
#include "base/log.h"
#include "base/postgres_database.h"
#include "base/sqlite_token_index.h"
#include "connectors/wecom/services.h"
#include "crm/contacts/tag.h"
#include "crm/intake.h"
#include "crm/leads/channel.h"
#include "crm/nurture/nurture.h"
#include "crm/operations/operation.h"
#include "crm/staff/staff.h"
#include "gateway/api/setup.h"
#include "gateway/backup/switch_over.h"
#include "gateway/idempotency.h"
#include "gateway/inbox.h"

namespace leadbridge::gateway {

namespace {

std::vector<RoomMigrations> core_rooms() {
    return {
        {"vault", Vault::migrations()},
        {"jobs", JobQueue::migrations()},
        {"staff", crm::staff_migrations()},
        {"contacts", crm::contacts_migrations()},
        {"leads", crm::leads_migrations()},
        {"nurture", crm::nurture_migrations()},
        {"operations", crm::operations_migrations()},
        {"intake", crm::intake_migrations()},
        {"archive_feed", archive::feed_migrations()},
        {"wecom", wecom::migrations()},
        {"inbox", Inbox::migrations()},
        {"setup", setup_migrations()},
        {"idempotency", idempotency_migrations()}};
}

SqliteOptions core_options(const config::Settings& settings) {
    SqliteOptions options;
    options.path = settings.database.path;
    return options;
}

// Of the files that are made here whatever the engine.
std::filesystem::path folder_of(const config::Settings& settings) {
    return settings.database.postgres ? std::filesystem::path(settings.server.data_dir)
                                      : std::filesystem::path(settings.database.path).parent_path();
}

SqliteOptions archive_options(const config::Settings& settings) {
    SqliteOptions options;
    options.path = (folder_of(settings) / "archive.db").string();
    options.name = "archive";
    options.page_size = 8'192;
    options.writer_cache_kb = 2'048;
    options.reader_cache_kb = 2'048;
    options.secure_delete = true;
    return options;
}

PostgresOptions postgres_options(const config::Settings& settings, const std::string& name) {
    PostgresOptions options;
    options.url = settings.database.url;
    options.name = settings.database.schema_prefix + name;
    options.sole = true;
    return options;
}

template <class T>
std::unique_ptr<T> migrated(std::unique_ptr<T> db, const std::vector<RoomMigrations>& rooms) {
    db->migrate(rooms);
    return db;
}

}  // namespace

DataDirLock lock_data_dir(const std::string& dir) {
    std::filesystem::create_directories(dir);
    auto lock = DataDirLock::take(dir);
    if (!lock) {
        throw std::runtime_error(lock.error().message);
    }
    finish_switch(dir);  // of a restore that died between its renames
    return std::move(*lock);
}

std::unique_ptr<Database> open_core_as_is(
    const config::Settings& settings, const Clock& clock, Metrics& metrics
) {
    return settings.database.postgres
               ? open_postgres(postgres_options(settings, "core"), clock, metrics)
               : open_sqlite(core_options(settings), clock, metrics);
}

std::unique_ptr<Database> open_archive_as_is(
    const config::Settings& settings, const Clock& clock, Metrics& metrics
) {
    return settings.database.postgres
               ? open_postgres(postgres_options(settings, "archive"), clock, metrics)
               : open_sqlite(archive_options(settings), clock, metrics);
}

std::unique_ptr<Database> open_core(
    const config::Settings& settings, const Clock& clock, Metrics& metrics
) {
    return migrated(open_core_as_is(settings, clock, metrics), core_rooms());
}

std::unique_ptr<Database> open_archive(
    const config::Settings& settings, const Clock& clock, Metrics& metrics
) {
    return migrated(
        open_archive_as_is(settings, clock, metrics), {{"archive", archive::migrations()}}
    );
}

void drop_databases(const config::Settings& settings) {
    if (settings.database.postgres) {
        drop_postgres(postgres_options(settings, "core"));
        drop_postgres(postgres_options(settings, "archive"));
    }
}

std::unique_ptr<TokenIndex> open_search_index(const config::Settings& settings) {
    SqliteTokenOptions options;
    const auto folder = folder_of(settings);
    options.folder = folder.empty() ? "." : folder.string();
    options.format = archive::search_format;
    return open_sqlite_token_index(options);
}

std::unique_ptr<Vault> open_vault(
    Database& core, const Clock& clock, Rng& rng, const config::Settings& settings
) {
    auto key = load_master_key(settings.security.master_key_file, MissingKey::create);
    if (!key) {
        throw std::runtime_error(key.error().message);
    }
    auto vault = Vault::open(core, clock, rng, std::move(*key));
    if (!vault) {
        throw std::runtime_error(vault.error().message);
    }
    log::set_id_key((*vault)->log_key());
    return std::move(*vault);
}

void migrate_only(const config::Settings& settings) {
    const DataDirLock lock = lock_data_dir(settings.server.data_dir);
    const SystemClock clock;
    Metrics metrics;
    const auto core = open_core(settings, clock, metrics);
    const auto archive_db = open_archive(settings, clock, metrics);
}

}  // namespace leadbridge::gateway
