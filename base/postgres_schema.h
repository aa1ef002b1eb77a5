#pragma once
// The schema of one database and its changes. Private to the engine.
//
// `change_log` is a view of `change_row` that shows only rows of transactions older than every
// open one: a reader whose cursor has passed a number has seen all below it. Transaction numbers
// begin anew in a server that a dump was restored to; `change_base` then lifts them above those in
// the log.

#include <span>

#include "base/clock.h"
#include "base/database.h"
#include "base/postgres_connection.h"

namespace leadbridge {

// Makes the schema and the engine's own tables and refuses those of a newer program, one process at
// a time. Returns the base of this database's change numbers.
std::int64_t prepare_schema(PostgresConnection& connection, const PostgresOptions& options);
// Runs what is not recorded yet, each in its own transaction, one process at a time. Throws
// DatabaseError naming room and number.
void run_migrations(
    PostgresConnection& connection,
    const PostgresOptions& options,
    const Clock& clock,
    std::span<const RoomMigrations> rooms
);

}  // namespace leadbridge
