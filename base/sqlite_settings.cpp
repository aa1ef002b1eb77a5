// Opening a connection: checks that name the fix, and the settings of docs/storage.md.

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/sqlite_connection.h"

namespace leadbridge {

namespace {

constexpr int application_id = 0x4C427267;  // "LBrg" in the file's header

// SQLite says "unable to open database file" for all of these. Nothing here opens the file: closing
// any descriptor of it would drop this process's locks.
void check_path(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code ec;
    const fs::path file(path);
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    if (!fs::is_directory(folder, ec)) {
        throw DatabaseError(
            fmt::format("{}: the folder {} does not exist; create it", path, folder.string())
        );
    }
    if (fs::exists(file, ec) && !fs::is_regular_file(file, ec)) {
        throw DatabaseError(path + ": is not a regular file; name another one");
    }
    if (access(folder.c_str(), W_OK | X_OK) != 0) {
        throw DatabaseError(fmt::format(
            "{}: cannot write to the folder {} ({}); give it to the user that runs LeadBridge",
            path,
            folder.string(),
            std::strerror(errno)
        ));
    }
    if (fs::exists(file, ec) && access(path.c_str(), R_OK | W_OK) != 0) {
        throw DatabaseError(fmt::format(
            "{}: cannot be read and written ({}); give it to the user that runs LeadBridge",
            path,
            std::strerror(errno)
        ));
    }
}

}  // namespace

SqliteConnection::SqliteConnection(const SqliteOptions& options, SqliteRole role)
    : path_(options.path) {
    if (role == SqliteRole::writer) {
        check_path(path_);
    }
    const int flags = SQLITE_OPEN_NOMUTEX |
                      (role == SqliteRole::writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                  : SQLITE_OPEN_READONLY);
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(
        path_.c_str(), &raw, flags, options.vfs.empty() ? nullptr : options.vfs.c_str()
    );
    db_.reset(raw);
    if (raw == nullptr) {
        throw DatabaseError(path_ + ": out of memory");
    }
    sqlite3_extended_result_codes(raw, 1);
    if (code != SQLITE_OK) {
        raise(code, "opening the file");
    }
    try {
        configure(options, role);
    } catch (const StoreTrouble& e) {
        if ((sqlite3_errcode(db_.get()) & 0xff) == SQLITE_NOTADB) {
            throw DatabaseError(
                path_ + ": is not a LeadBridge database; move it away or name another file"
            );
        }
        throw;
    }
}

SqliteConnection::~SqliteConnection() {
    idle_.clear();  // before the connection
}

void SqliteConnection::configure(const SqliteOptions& options, SqliteRole role) {
    sqlite3* db = db_.get();
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_busy_timeout(db, 5000);
    const int cache_kb =
        role == SqliteRole::writer ? options.writer_cache_kb : options.reader_cache_kb;
    script(fmt::format(
        "PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0; PRAGMA cache_size=-{};", cache_kb
    ));
    if (role == SqliteRole::writer) {
        configure_writer(options);
    } else {
        script("PRAGMA query_only=ON;");
        sqlite3_progress_handler(db, 1000, &SqliteConnection::on_progress, this);
    }
}

void SqliteConnection::configure_writer(const SqliteOptions& options) {
    const char* synchronous = options.durability == SqliteDurability::full ? "FULL" : "OFF";
    // The page size counts for a new file only.
    script(
        fmt::format("PRAGMA synchronous={}; PRAGMA page_size={};", synchronous, options.page_size)
    );
    const auto id = number("PRAGMA application_id");
    if (id != application_id && (id != 0 || number("SELECT COUNT(*) FROM sqlite_master") != 0)) {
        throw DatabaseError(
            path_ + ": is the database of another program; move it away or name another file"
        );
    }
    if (const auto mode = word("PRAGMA journal_mode=WAL"); mode != "wal") {
        throw DatabaseError(fmt::format(
            "{}: no write-ahead log here (journal mode {}); put the data on a local file system",
            path_,
            mode
        ));
    }
    script(fmt::format(
        "PRAGMA foreign_keys=ON; PRAGMA journal_size_limit={}; PRAGMA secure_delete={};",
        options.wal_limit_bytes,
        options.secure_delete ? "ON" : "FAST"
    ));
    if (id == 0) {
        script(fmt::format("PRAGMA application_id={};", application_id));
    }
    // Takes the place of the automatic checkpoint, which is a log hook too.
    sqlite3_wal_hook(db_.get(), &SqliteConnection::on_log_grown, this);
}

int SqliteConnection::on_progress(void* self) noexcept {
    return std::chrono::steady_clock::now() > static_cast<SqliteConnection*>(self)->deadline_ ? 1
                                                                                              : 0;
}

int SqliteConnection::on_log_grown(void* self, sqlite3*, const char*, int frames) noexcept {
    auto* connection = static_cast<SqliteConnection*>(self);
    // Not longer than before: the log has started over.
    const auto before = frames > connection->log_frames_ ? connection->log_frames_ : 0;
    connection->unfolded_frames_ += frames - before;
    connection->log_frames_ = frames;
    return SQLITE_OK;
}

}  // namespace leadbridge
