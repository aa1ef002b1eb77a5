#include "base/postgres_schema.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/migration_rules.h"
#include "base/postgres_sql.h"

namespace leadbridge {

namespace {

constexpr const char* own_tables =
    "CREATE TABLE IF NOT EXISTS schema_migration("
    "  room TEXT NOT NULL, number INTEGER NOT NULL, oldest_program INTEGER NOT NULL, ms INTEGER "
    "NOT NULL,"
    "  PRIMARY KEY(room, number));"
    "CREATE TABLE IF NOT EXISTS change_row("
    "  n INTEGER NOT NULL, corp_id INTEGER NOT NULL, topic TEXT NOT NULL, id INTEGER NOT NULL,"
    "  kind TEXT NOT NULL, ms INTEGER NOT NULL, PRIMARY KEY(n));"
    "CREATE TABLE IF NOT EXISTS change_base(base INTEGER NOT NULL);"
    "INSERT INTO change_base SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM change_base);"
    "CREATE OR REPLACE VIEW change_log AS SELECT n, corp_id, topic, id, kind, ms FROM change_row"
    "  WHERE n < (CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS INTEGER)"
    "    + (SELECT base FROM change_base)) << 12;";

// The newest change of the log against the oldest number a new transaction can get.
constexpr const char* lift_base =
    "UPDATE change_base SET base = base + behind.by FROM (SELECT (SELECT COALESCE(MAX(n), 0) >> 12 "
    "FROM change_row) + 1 - (SELECT base FROM change_base) - "
    "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS INTEGER) AS by) behind WHERE "
    "behind.by > 0";

// Held until its end: what one process makes, the next finds made. The number is ours ("LB").
class SchemaLock {
public:
    SchemaLock(PostgresConnection& connection, const PostgresOptions& options)
        : connection_(connection) {
        // Another process may be at a long migration.
        connection_.script("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"
        );
        connection_.each(
            "SELECT pg_advisory_lock(19522, hashtext(?))",
            Params{std::vector<Param>{options.name}},
            [](const Row&) { return Visit::stop; }
        );
        limit_ms_ = options.write_limit_ms;
    }

    SchemaLock(const SchemaLock&) = delete;
    SchemaLock& operator=(const SchemaLock&) = delete;

    ~SchemaLock() {
        try {
            connection_.script("SELECT pg_advisory_unlock_all()");
            connection_.script(fmt::format(
                "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}",
                limit_ms_,
                limit_ms_ * 2
            ));
        } catch (const DatabaseError&) {
            // The connection is gone, and the lock with it.
        }
    }

private:
    PostgresConnection& connection_;
    std::int64_t limit_ms_ = 0;
};

void run_one(
    PostgresConnection& connection,
    const Clock& clock,
    std::string_view room,
    const Migration& migration
) {
    connection.script("BEGIN ISOLATION LEVEL READ COMMITTED");
    try {
        connection.script(postgres_schema(migration.sql));
        connection.execute(
            record_migration, {room, migration.number, migration.oldest_program, clock.now()}
        );
        connection.commit();
    } catch (const DatabaseError& e) {
        connection.roll_back();
        migration_failed(room, migration, e);
    }
    log::info("base", "schema migration done", {{"room", room}, {"number", migration.number}});
}

}  // namespace

std::int64_t prepare_schema(PostgresConnection& connection, const PostgresOptions& options) {
    const SchemaLock lock(connection, options);
    connection.script(
        "BEGIN ISOLATION LEVEL READ COMMITTED; CREATE SCHEMA IF NOT EXISTS " + options.name
    );
    if (connection.number(
            "SELECT COUNT(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND "
            "relname IN ('schema_migration', 'change_log')"
        ) < 2) {
        connection.script(postgres_schema(own_tables));
    }
    refuse_newer(connection);
    connection.execute(lift_base);
    const auto base = connection.number("SELECT base FROM change_base");
    connection.commit();
    return base;
}

void run_migrations(
    PostgresConnection& connection,
    const PostgresOptions& options,
    const Clock& clock,
    std::span<const RoomMigrations> rooms
) {
    const SchemaLock lock(connection, options);
    refuse_newer(connection);
    run_missing(connection, rooms, [&](std::string_view room, const Migration& migration) {
        run_one(connection, clock, room, migration);
    });
}

}  // namespace leadbridge
