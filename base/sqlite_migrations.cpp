#include "base/sqlite_migrations.h"

#include "base/log.h"
#include "base/migration_rules.h"

namespace leadbridge {

namespace {

constexpr const char* own_tables =
    "CREATE TABLE IF NOT EXISTS schema_migration("
    "  room TEXT NOT NULL, number INTEGER NOT NULL, oldest_program INTEGER NOT NULL, ms INTEGER "
    "NOT NULL,"
    "  PRIMARY KEY(room, number)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS change_log("
    "  n INTEGER PRIMARY KEY, corp_id INTEGER NOT NULL, topic TEXT NOT NULL, id INTEGER NOT NULL,"
    "  kind TEXT NOT NULL, ms INTEGER NOT NULL);";

void run_one(
    SqliteConnection& connection,
    const Clock& clock,
    std::string_view room,
    const Migration& migration
) {
    connection.execute("BEGIN IMMEDIATE");
    try {
        connection.script(std::string(migration.sql));
        connection.execute(
            record_migration, {room, migration.number, migration.oldest_program, clock.now()}
        );
        connection.execute("COMMIT");
    } catch (const DatabaseError& e) {
        if (connection.in_transaction()) {
            connection.execute("ROLLBACK");
        }
        migration_failed(room, migration, e);
    }
    log::info("base", "schema migration done", {{"room", room}, {"number", migration.number}});
}

}  // namespace

void prepare_schema(SqliteConnection& connection) {
    if (connection.number(
            "SELECT COUNT(*) FROM sqlite_master WHERE name IN ('schema_migration', 'change_log')"
        ) < 2) {
        connection.script(own_tables);
    }
    refuse_newer(connection);
}

void run_migrations(
    SqliteConnection& connection, const Clock& clock, std::span<const RoomMigrations> rooms
) {
    run_missing(connection, rooms, [&](std::string_view room, const Migration& migration) {
        run_one(connection, clock, room, migration);
    });
}

}  // namespace leadbridge
