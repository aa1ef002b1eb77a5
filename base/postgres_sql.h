#pragma once
// Portable SQL in PostgreSQL's words. Private to the engine.

#include <string>
#include <string_view>

namespace leadbridge {

// `?` becomes $1, $2, ...; INTEGER, BLOB and REAL (in capitals) become BIGINT, BYTEA and DOUBLE
// PRECISION; the hint skip_locked becomes its clause. Text in quotes and comments stays.
std::string postgres_statement(std::string_view sql);

// The same for the statements of a migration, where a TEXT column also gets SQLite's order (by
// bytes), INTEGER PRIMARY KEY its numbers, and WITHOUT ROWID goes.
std::string postgres_schema(std::string_view sql);

}  // namespace leadbridge
