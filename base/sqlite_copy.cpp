// The copy of a live database, and a look into one that nobody has open.

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/online_backup.h"
#include "base/sqlite_connection.h"

namespace leadbridge {

namespace {

struct CloseTarget {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};

struct Finish {
    void operator()(sqlite3_backup* backup) const noexcept { sqlite3_backup_finish(backup); }
};

void make_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        throw DatabaseError(fmt::format("cannot make {} ({})", path, std::strerror(errno)));
    }
    ::close(fd);
}

}  // namespace

// The backup reads from the connection, so it goes first.
struct SqliteConnection::Copy {
    std::string path;
    std::unique_ptr<sqlite3, CloseTarget> target;
    std::unique_ptr<sqlite3_backup, Finish> backup;

    DatabaseError failure(int code) const {
        return DatabaseError(
            fmt::format("copying to {}: {} (code {})", path, sqlite3_errstr(code), code)
        );
    }
};

void SqliteConnection::DropCopy::operator()(Copy* copy) const noexcept {
    delete copy;  // NOLINT(cppcoreguidelines-owning-memory): the deleter of its unique_ptr
}

void SqliteConnection::begin_copy(const std::string& path) {
    if (copy_) {
        throw DatabaseError("another copy of " + path_ + " is under way");
    }
    make_file(path);
    std::unique_ptr<Copy, DropCopy> copy(std::make_unique<Copy>().release());
    copy->path = path;
    sqlite3* raw = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    copy->target.reset(raw);
    if (code != SQLITE_OK) {
        throw copy->failure(code);
    }
    // A copy that does not come to its end is thrown away: it needs neither journal nor syncs.
    sqlite3_exec(
        raw, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF;", nullptr, nullptr, nullptr
    );
    copy->backup.reset(sqlite3_backup_init(raw, "main", db_.get(), "main"));
    if (!copy->backup) {
        throw copy->failure(sqlite3_extended_errcode(raw));
    }
    copy_ = std::move(copy);
}

bool SqliteConnection::step_copy(int pages, CopyProgress& progress) {
    if (!copy_) {
        throw DatabaseError(
            "the copy of " + path_ + " was cut short: the store was reopened meanwhile"
        );
    }
    const int code = sqlite3_backup_step(copy_->backup.get(), pages);
    progress.pages_total = sqlite3_backup_pagecount(copy_->backup.get());
    progress.pages_done = progress.pages_total - sqlite3_backup_remaining(copy_->backup.get());
    if (code == SQLITE_OK || code == SQLITE_DONE) {
        return code == SQLITE_DONE;
    }
    // Of the source or of the target: its own next statement shows whether the source is broken.
    const DatabaseError failure = copy_->failure(code);
    copy_.reset();
    throw failure;
}

void SqliteConnection::end_copy() noexcept {
    copy_.reset();
}

DatabaseFacts inspect_sqlite(const std::string& path, QuickCheck check) {
    if (::access(path.c_str(), F_OK) != 0) {
        throw DatabaseError(path + ": " + std::strerror(errno));
    }
    SqliteOptions options;
    options.path = path;
    options.durability = SqliteDurability::none_for_tests;
    SqliteConnection connection(options, SqliteRole::writer);
    DatabaseFacts facts;
    if (check == QuickCheck::yes) {
        const std::string said = connection.word("PRAGMA quick_check(1)");
        facts.damage = said == "ok" ? "" : said;
    }
    connection.each(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite#_%' ESCAPE "
        "'#' ORDER BY name",
        {},
        [&](const Row& row) {
            facts.tables.push_back({row.str(0), 0});
            return Visit::next;
        }
    );
    for (TableRows& table : facts.tables) {
        table.rows = connection.number("SELECT COUNT(*) FROM \"" + table.table + "\"");
    }
    facts.oldest_program = connection.number("SELECT MAX(oldest_program) FROM schema_migration");
    facts.last_change = connection.number("SELECT MAX(n) FROM change_log");
    facts.last_change_ms = connection.number("SELECT ms FROM change_log ORDER BY n DESC LIMIT 1");
    return facts;
}

}  // namespace leadbridge
