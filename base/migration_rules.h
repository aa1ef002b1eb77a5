#pragma once
// Which migrations may run, the same on both engines. Private to the engines.

#include <cstdint>
#include <set>
#include <string_view>

#include "base/database.h"

namespace leadbridge {

// needed: the newest oldest_program of what has run. Throws DatabaseError when this program is
// older.
void refuse_newer_schema(std::int64_t needed);
// Throws DatabaseError when the migration asks for more than program_generation.
void check_generation(std::string_view room, const Migration& migration);
[[noreturn]] void migration_failed(
    std::string_view room, const Migration& migration, const DatabaseError& why
);

inline constexpr std::string_view record_migration =
    "INSERT INTO schema_migration(room, number, oldest_program, ms) VALUES(?,?,?,?)";

template <class Connection>
void refuse_newer(Connection& connection) {
    refuse_newer_schema(connection.number("SELECT MAX(oldest_program) FROM schema_migration"));
}

// run(room, migration) for each that has not run, in order.
template <class Connection, class Run>
void run_missing(Connection& connection, std::span<const RoomMigrations> rooms, Run run) {
    for (const auto& room : rooms) {
        std::set<int> done;
        const Param name(room.room);
        connection.each(
            "SELECT number FROM schema_migration WHERE room = ?",
            Params{&name, 1},
            [&](const Row& row) {
                done.insert(static_cast<int>(row.integer(0)));
                return Visit::next;
            }
        );
        for (const auto& migration : room.migrations) {
            if (!done.contains(migration.number)) {
                check_generation(room.room, migration);
                run(room.room, migration);
            }
        }
    }
}

}  // namespace leadbridge
