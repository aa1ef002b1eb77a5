#include "base/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cassert>
#include <utility>

namespace leadbridge {

namespace {

constexpr std::size_t max_idle_statements =
    500;  // SQL made at run time must not grow the cache for ever

class SqliteRow final : public Row {
public:
    explicit SqliteRow(sqlite3_stmt* statement) : s_(statement) {}

    bool null(int column) const override { return sqlite3_column_type(s_, column) == SQLITE_NULL; }

    std::int64_t integer(int column) const override { return sqlite3_column_int64(s_, column); }

    double real(int column) const override { return sqlite3_column_double(s_, column); }

    std::string_view text(int column) const override { return blob(column); }

    // Also right for TEXT: the file is UTF-8, so the bytes are the text.
    std::string_view blob(int column) const override {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(s_, column));
        const int size = sqlite3_column_bytes(s_, column);
        return bytes == nullptr ? std::string_view{}
                                : std::string_view(bytes, static_cast<std::size_t>(size));
    }

private:
    sqlite3_stmt* s_;
};

struct Binder {
    sqlite3_stmt* statement;
    int index;

    int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, index); }

    int operator()(std::int64_t v) const { return sqlite3_bind_int64(statement, index, v); }

    int operator()(double v) const { return sqlite3_bind_double(statement, index, v); }

    // A null pointer would bind NULL instead of an empty value.
    int operator()(std::string_view v) const {
        return sqlite3_bind_text64(
            statement,
            index,
            v.data() == nullptr ? "" : v.data(),
            v.size(),
            SQLITE_STATIC,
            SQLITE_UTF8
        );
    }

    int operator()(Blob v) const {
        return sqlite3_bind_blob64(
            statement,
            index,
            v.bytes.data() == nullptr ? "" : v.bytes.data(),
            v.bytes.size(),
            SQLITE_STATIC
        );
    }
};

bool is_trouble(int code) {
    switch (code & 0xff) {
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_NOMEM:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PROTOCOL:
            return true;
        default:
            return false;
    }
}

}  // namespace

bool StoreTrouble::disk_full() const noexcept {
    return (code_ & 0xff) == SQLITE_FULL;
}

bool StoreTrouble::damaged() const noexcept {
    const int code = code_ & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_CANTOPEN;
}

void SqliteConnection::Close::operator()(sqlite3* db) const noexcept {
    sqlite3_close_v2(db);
}

void SqliteConnection::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

class SqliteConnection::Use {
public:
    Use(SqliteConnection& connection, std::string_view sql, Params params)
        : connection_(connection), sql_(sql) {
        if (auto found = connection.idle_.find(sql); found != connection.idle_.end()) {
            cached_ = connection.idle_.extract(found);
        } else {
            fresh_ = connection.prepare(sql);
        }
        if (sqlite3_bind_parameter_count(get()) != static_cast<int>(params.size())) {
            throw DatabaseError(fmt::format(
                "a statement wants {} values and got {}: {}",
                sqlite3_bind_parameter_count(get()),
                params.size(),
                sql
            ));
        }
        for (std::size_t i = 0; i < params.size(); ++i) {
            const int code = std::visit(Binder{get(), static_cast<int>(i) + 1}, params[i].value());
            if (code != SQLITE_OK) {
                connection.raise(code, sql);
            }
        }
    }

    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

    ~Use() {
        sqlite3_reset(get());
        sqlite3_clear_bindings(get());
        try {
            give_back();
        } catch (const std::bad_alloc&) {
            // Only the cache is lost.
        }
    }

    // True while there are rows.
    bool step() {
        const int code = sqlite3_step(get());
        if (code == SQLITE_ROW) {
            return true;
        }
        if (code != SQLITE_DONE) {
            connection_.raise(sqlite3_extended_errcode(connection_.db_.get()), sql_);
        }
        return false;
    }

    sqlite3_stmt* get() const { return fresh_ ? fresh_.get() : cached_.mapped().get(); }

private:
    void give_back() {
        if (connection_.idle_.size() >= max_idle_statements) {
            connection_.idle_.clear();
        }
        if (fresh_) {
            connection_.idle_.try_emplace(std::string(sql_), std::move(fresh_));
        } else {
            connection_.idle_.insert(std::move(cached_));
        }
    }

    SqliteConnection& connection_;
    std::string_view sql_;
    decltype(idle_)::node_type cached_;
    Statement fresh_;
};

SqliteConnection::Statement SqliteConnection::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v3(
        db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, &tail
    );
    Statement statement(raw);
    if (code != SQLITE_OK) {
        raise(sqlite3_extended_errcode(db_.get()), sql);
    }
    assert(raw != nullptr && "empty SQL");
    return statement;
}

void SqliteConnection::each(
    std::string_view sql, Params params, const std::function<Visit(const Row&)>& visit
) {
    Use use(*this, sql, params);
    const SqliteRow row(use.get());
    while (use.step()) {
        if (visit(row) == Visit::stop) {
            break;
        }
    }
}

std::int64_t SqliteConnection::execute(std::string_view sql, Params params) {
    Use use(*this, sql, params);
    while (use.step()) {
    }
    // sqlite3_changes64 keeps the count of an earlier statement after one that cannot change rows.
    return sqlite3_stmt_readonly(use.get()) != 0 ? 0 : sqlite3_changes64(db_.get());
}

std::int64_t SqliteConnection::number(std::string_view sql) {
    std::int64_t value = 0;
    each(sql, {}, [&](const Row& row) {
        value = row.integer(0);
        return Visit::stop;
    });
    return value;
}

std::string SqliteConnection::word(std::string_view sql) {
    std::string value;
    each(sql, {}, [&](const Row& row) {
        value = row.str(0);
        return Visit::stop;
    });
    return value;
}

void SqliteConnection::script(const std::string& sql) {
    const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        raise(sqlite3_extended_errcode(db_.get()), sql.substr(0, 200));
    }
}

bool SqliteConnection::in_transaction() const noexcept {
    return sqlite3_get_autocommit(db_.get()) == 0;
}

CheckpointResult SqliteConnection::checkpoint(CheckpointMode mode) {
    const int how = mode == CheckpointMode::passive   ? SQLITE_CHECKPOINT_PASSIVE
                    : mode == CheckpointMode::restart ? SQLITE_CHECKPOINT_RESTART
                                                      : SQLITE_CHECKPOINT_TRUNCATE;
    int log = 0;
    int folded = 0;
    const int code = sqlite3_wal_checkpoint_v2(db_.get(), "main", how, &log, &folded);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
        raise(code, "checkpoint");
    }
    if (mode == CheckpointMode::truncate && code == SQLITE_OK) {
        log_frames_ = 0;
    }
    unfolded_frames_ = log - folded;
    return {log, folded, code != SQLITE_OK};
}

void SqliteConnection::mark_troubled(const std::string& why) {
    troubled_ = true;
    trouble_ = why;
}

void SqliteConnection::leave_log_on_close() noexcept {
    sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void SqliteConnection::raise(int code, std::string_view doing) {
    const std::string what =
        fmt::format("{}: {} (code {}) in: {}", path_, sqlite3_errmsg(db_.get()), code, doing);
    if ((code & 0xff) == SQLITE_CONSTRAINT) {
        throw ConstraintViolation(what);
    }
    if ((code & 0xff) == SQLITE_INTERRUPT) {
        throw DatabaseError(
            "a read took longer than its limit and was stopped: " + std::string(doing)
        );
    }
    if ((code & 0xff) == SQLITE_BUSY) {
        throw DatabaseError(
            what +
            ". Another program has the file open for writing: stop it; only LeadBridge may write "
            "to it"
        );
    }
    if (is_trouble(code)) {
        troubled_ = true;
        disk_full_ = disk_full_ || (code & 0xff) == SQLITE_FULL;
        trouble_ =
            disk_full_ ? what + ". The disk is full: free space where the data stands" : what;
        throw StoreTrouble(trouble_, code);
    }
    throw DatabaseError(what);
}

}  // namespace leadbridge
