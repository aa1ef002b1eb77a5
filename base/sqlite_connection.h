#pragma once
// One SQLite connection with its settings and its statement cache. Used by one thread at a time.
// Private to the engine.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/database.h"
#include "base/sqlite_database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace leadbridge {

struct CopyProgress;

// The file or the disk failed: the connection must be closed, and what its open transaction held
// was not acknowledged.
class StoreTrouble : public DatabaseError {
public:
    StoreTrouble(const std::string& what, int code) : DatabaseError(what), code_(code) {}

    // True when space ran out, the one trouble that giving up the ballast may cure.
    bool disk_full() const noexcept;
    // True when the file is not what it should be, or is gone.
    bool damaged() const noexcept;

private:
    int code_;
};

enum class SqliteRole { writer, reader };

struct CheckpointResult {
    std::int64_t log_frames = 0;
    std::int64_t folded_frames = 0;
    bool busy = false;
};

enum class CheckpointMode { passive, restart, truncate };

class SqliteConnection {
public:
    // Opens (a writer also creates) the file and applies the settings. Throws DatabaseError naming
    // path, cause and fix.
    SqliteConnection(const SqliteOptions& options, SqliteRole role);
    ~SqliteConnection();
    SqliteConnection(const SqliteConnection&) = delete;
    SqliteConnection& operator=(const SqliteConnection&) = delete;

    void each(std::string_view sql, Params params, const std::function<Visit(const Row&)>& visit);
    std::int64_t execute(std::string_view sql, Params params);

    std::int64_t execute(std::string_view sql, ParamList params = {}) {
        return execute(sql, Params{params.begin(), params.size()});
    }

    std::int64_t number(std::string_view sql);
    std::string word(std::string_view sql);
    // Several statements, not cached.
    void script(const std::string& sql);

    bool in_transaction() const noexcept;

    // Set once a statement met a StoreTrouble, also when somebody swallowed the exception.
    bool troubled() const noexcept { return troubled_; }

    void mark_troubled(const std::string& why);

    const std::string& trouble() const noexcept { return trouble_; }

    bool ran_out_of_space() const noexcept { return disk_full_; }

    // Statements that run past this moment are stopped with a DatabaseError.
    void set_deadline(std::chrono::steady_clock::time_point deadline) noexcept {
        deadline_ = deadline;
    }

    // Frames in the log after the newest commit of this connection.
    std::int64_t log_frames() const noexcept { return log_frames_; }

    // Of them, those no checkpoint has folded in yet.
    std::int64_t unfolded_frames() const noexcept { return unfolded_frames_; }

    CheckpointResult checkpoint(CheckpointMode mode);
    // After a failed commit the close must not touch the log: it is left to recovery.
    void leave_log_on_close() noexcept;

    // A copy of the file in steps, outside of transactions; the connection writes between them. The
    // copy lives in the connection: one that is closed takes it along, and the next step throws.
    // Throws DatabaseError, and the copy is over; a target that cannot be written troubles nobody.
    void begin_copy(const std::string& path);
    // True when it is complete.
    bool step_copy(int pages, CopyProgress& progress);
    void end_copy() noexcept;

private:
    struct Close {
        void operator()(sqlite3* db) const noexcept;
    };

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };

    using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;
    struct Copy;

    struct DropCopy {
        void operator()(Copy* copy) const noexcept;
    };

    struct Hash {
        using is_transparent = void;

        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    // A statement taken out of the cache while it runs; a nested use of the same SQL prepares a
    // second one.
    class Use;

    Statement prepare(std::string_view sql);
    void configure(const SqliteOptions& options, SqliteRole role);
    void configure_writer(const SqliteOptions& options);
    [[noreturn]] void raise(int code, std::string_view doing);
    static int on_progress(void* self) noexcept;
    static int on_log_grown(void* self, sqlite3* db, const char* schema, int frames) noexcept;

    const std::string path_;
    std::unordered_map<std::string, Statement, Hash, std::equal_to<>> idle_;
    std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
    std::int64_t log_frames_ = 0;
    std::int64_t unfolded_frames_ = 0;
    bool troubled_ = false;
    bool disk_full_ = false;
    std::string trouble_;
    std::unique_ptr<sqlite3, Close> db_;
    std::unique_ptr<Copy, DropCopy> copy_;  // before db_ goes
};

}  // namespace leadbridge
