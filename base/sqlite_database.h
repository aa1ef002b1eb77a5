#pragma once
// The SQLite engine: one writer thread that owns the only writing connection, group commit, and
// every checkpoint; readers are pooled read-only connections (the reasons are in docs/storage.md).

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/database.h"

namespace leadbridge {

class Metrics;

enum class SqliteDurability {
    full,
    none_for_tests
};  // none: synchronous=OFF, a power loss may destroy the file
// on_caller_for_tests: groups run on the thread that calls write() or append(), one at a time;
// there is no thread of its own.
enum class SqliteWriterMode { own_thread, on_caller_for_tests };

struct SqliteOptions {
    std::string path;
    std::string name = "core";  // "core" | "archive", for logs and metrics
    int page_size = 4096;       // 8192 for the archive
    int writer_cache_kb = 16'384;
    int reader_cache_kb = 4'096;
    int max_readers = 8;
    bool secure_delete = false;  // true: ON, false: FAST
    std::int64_t ballast_bytes = 8
                                 << 20;  // kept beside the file, released on a full disk; 0 = none
    std::int64_t max_waiting_rows = 20'000;
    std::int64_t max_waiting_bytes = 32 << 20;
    std::int64_t checkpoint_bytes = 16 << 20;  // of log not yet folded in, when nothing waits
    std::int64_t wal_limit_bytes = 256 << 20;  // fold in although something waits
    std::int64_t read_limit_ms = 5'000;  // a longer read is stopped, so that the log can start over
    std::string vfs = {};  // a registered SQLite VFS; "" = the system's. For fault tests
    SqliteDurability durability = SqliteDurability::full;
    SqliteWriterMode writer = SqliteWriterMode::own_thread;
};

// Opens or creates the file. Throws DatabaseError naming path, cause and fix. clock and metrics
// outlive the database. The caller holds DataDirLock.
std::unique_ptr<Database> open_sqlite(
    const SqliteOptions& options, const Clock& clock, Metrics& metrics
);

// The exclusive lock on data_dir/lock for the life of the process; its file names the holder's pid.
class DataDirLock {
public:
    // Error{conflict} naming the holder when another process has it.
    static Result<DataDirLock> take(const std::string& data_dir);
    DataDirLock(DataDirLock&& other) noexcept;
    DataDirLock& operator=(DataDirLock&& other) noexcept;
    ~DataDirLock();

private:
    explicit DataDirLock(int fd) : fd_(fd) {}

    int fd_ = -1;
};

}  // namespace leadbridge
