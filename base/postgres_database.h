#pragma once
// The PostgreSQL engine: pools of connections, each write a serializable transaction that is run
// again when it met another one, each read a snapshot, appends in groups by one pipeline
// (docs/storage.md). Thread-safe.

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/database.h"

namespace leadbridge {

class Metrics;

// on_caller_for_tests: groups of append() run on the thread that calls it, and nobody listens for
// the changes of other processes.
enum class PostgresThreads { own, on_caller_for_tests };

struct PostgresOptions {
    std::string url;  // "postgresql://user:password@host/database?..." or "host=... dbname=..."
    std::string name = "core";  // "core" | "archive": the schema, and for logs and metrics
    int max_writers = 8;        // connections
    int max_readers = 8;
    std::int64_t max_waiting_rows = 20'000;
    std::int64_t max_waiting_bytes = 32 << 20;
    std::int64_t read_limit_ms = 5'000;    // a longer statement of a read is stopped
    std::int64_t write_limit_ms = 30'000;  // a longer statement of a write is stopped
    std::int64_t patience_ms = 2'000;      // for a connection that was lost or is not to be had
    // Refuses a database that another process holds so. Leases of jobs belong to one process.
    bool sole = false;
    PostgresThreads threads = PostgresThreads::own;
};

// Connects and makes the schema. Throws DatabaseError naming cause and fix: server away, older than
// PostgreSQL 14, a database not in UTF-8, a schema of a newer program, a database that
// another process holds. clock and metrics outlive
// the database.
std::unique_ptr<Database> open_postgres(
    const PostgresOptions& options, const Clock& clock, Metrics& metrics
);

// Removes the schema and all that is in it. Throws DatabaseError, also where another process holds
// it as `sole`.
void drop_postgres(const PostgresOptions& options);

struct PostgresFacts {
    std::string version;
    std::string encoding;
    std::string collation;           // the database's; our columns have their own
    std::string synchronous_commit;  // of our connections
    bool fsync = true;
    bool full_page_writes = true;
};

// After the checks that opening makes and whether a schema could be made; changes nothing. Throws
// DatabaseError.
PostgresFacts probe_postgres(const PostgresOptions& options);

}  // namespace leadbridge
