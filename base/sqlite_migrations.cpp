#include "base/sqlite_migrations.h"

#include <fmt/format.h>

#include <set>

#include "base/log.h"

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

void refuse_newer(SqliteConnection& connection) {
    const auto needed = connection.number("SELECT MAX(oldest_program) FROM schema_migration");
    if (needed > program_generation) {
        throw DatabaseError(fmt::format(
            "the database needs a LeadBridge of schema generation {} or newer and this program is "
            "of generation {}; "
            "install the newer release, or restore a backup made before it",
            needed,
            program_generation
        ));
    }
}

std::set<int> applied(SqliteConnection& connection, std::string_view room) {
    std::set<int> numbers;
    const Param param(room);
    connection.each(
        "SELECT number FROM schema_migration WHERE room = ?",
        Params{&param, 1},
        [&](const Row& row) {
            numbers.insert(static_cast<int>(row.integer(0)));
            return Visit::next;
        }
    );
    return numbers;
}

void run_one(
    SqliteConnection& connection,
    const Clock& clock,
    std::string_view room,
    const Migration& migration
) {
    if (migration.oldest_program > program_generation) {
        throw DatabaseError(fmt::format(
            "migration {}/{} asks for program generation {}, this program is of {}: raise "
            "program_generation with it",
            room,
            migration.number,
            migration.oldest_program,
            program_generation
        ));
    }
    connection.execute("BEGIN IMMEDIATE");
    try {
        connection.script(std::string(migration.sql));
        connection.execute(
            "INSERT INTO schema_migration(room, number, oldest_program, ms) VALUES(?,?,?,?)",
            {room, migration.number, migration.oldest_program, clock.now()}
        );
        connection.execute("COMMIT");
    } catch (const DatabaseError& e) {
        if (connection.in_transaction()) {
            connection.execute("ROLLBACK");
        }
        throw DatabaseError(fmt::format(
            "migration {}/{} failed and was undone: {}", room, migration.number, e.what()
        ));
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
    for (const auto& room : rooms) {
        const auto done = applied(connection, room.room);
        for (const auto& migration : room.migrations) {
            if (!done.contains(migration.number)) {
                run_one(connection, clock, room.room, migration);
            }
        }
    }
}

}  // namespace leadbridge
