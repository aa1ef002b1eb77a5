#pragma once
// Schema changes of the rooms on one file. Private to the engine.

#include <span>

#include "base/clock.h"
#include "base/database.h"
#include "base/sqlite_connection.h"

namespace leadbridge {

// Makes the engine's own tables (schema_migration, change_log) and refuses a file that needs a
// newer program.
void prepare_schema(SqliteConnection& connection);
// Runs what is not recorded yet, each in its own transaction. Throws DatabaseError naming room and
// number.
void run_migrations(
    SqliteConnection& connection, const Clock& clock, std::span<const RoomMigrations> rooms
);

}  // namespace leadbridge
