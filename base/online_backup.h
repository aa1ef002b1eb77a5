#pragma once
// A copy of a live database, and what can be seen in one. The copy is made page by page on the
// writer's own connection: from any other one each commit would begin it anew, and nobody else may
// hold the file.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/database.h"

namespace leadbridge {

struct CopyProgress {
    std::int64_t pages_done = 0;
    std::int64_t pages_total = 0;
};

class OnlineBackup {
public:
    virtual ~OnlineBackup() = default;

    // Writes the whole database to a new file, mode 0600, as it is at some moment during the call:
    // every write that was acknowledged before it began is in it. The writer serves others between
    // steps of a megabyte. The file is not synced. go_on is asked after each step, on the calling
    // thread; false gives the copy up. One copy of a database at a time. Throws DatabaseError: the
    // store was reopened meanwhile, the target cannot be written, or it was given up; what is left
    // of the file is the caller's to remove.
    virtual void copy_to(
        const std::string& path, const std::function<bool(const CopyProgress&)>& go_on
    ) = 0;
};

// Null when the engine of `db` cannot.
OnlineBackup* online_backup(Database& db) noexcept;

struct TableRows {
    std::string table;
    std::int64_t rows = 0;

    bool operator==(const TableRows&) const = default;
};

struct DatabaseFacts {
    std::vector<TableRows> tables;    // by name
    std::int64_t oldest_program = 0;  // schema generation that a program must have to run on it
    std::int64_t last_change = 0;     // newest n of the change log, and its time
    UnixMillis last_change_ms = 0;
    std::string damage;  // what a quick check found; "" = nothing, or it was not asked for
};

enum class QuickCheck : bool { no, yes };

// Opens a database file that nobody else has open and counts. Takes seconds for gigabytes. Throws
// DatabaseError when it is not a database of ours.
DatabaseFacts inspect_sqlite(const std::string& path, QuickCheck check);

}  // namespace leadbridge
