#pragma once
// One database interface, two engines: base/sqlite_database.h, base/postgres_database.h. SQL is
// portable: `?` placeholders, no engine idiom outside the engine's files. `INSERT ... ON
// CONFLICT(cols) DO NOTHING|UPDATE` and `RETURNING` are portable. A value is bound as what it is:
// Blob for a BLOB column, text for TEXT, integers for INTEGER; conditions are comparisons, not
// integers.
//
//   auto id = db.write<LeadId>([&](Transaction& tx) -> Result<LeadId> { ...; return id; });
//   auto n  = db.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> { ... });

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace leadbridge {

// The store failed: disk full, I/O error, corruption, SQL that does not fit the schema. Whether a
// failed COMMIT was stored is unknown; whoever waited for an acknowledgement must not get one.
class DatabaseError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A UNIQUE, CHECK, NOT NULL or FOREIGN KEY constraint refused the statement.
class ConstraintViolation : public DatabaseError {
public:
    using DatabaseError::DatabaseError;
};

struct Blob {
    std::string_view bytes;
};

// Behind a SELECT: rows that another transaction holds are left out instead of waited for. Without
// meaning where there is one writer.
inline constexpr std::string_view skip_locked = "/*skip locked*/";

// A value bound to `?`. Views must live until the statement has run. Text is UTF-8 without zero
// bytes, which is all that PostgreSQL keeps as text; other bytes are a Blob.
class Param {
public:
    using Storage = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, Blob>;

    Param(std::nullptr_t) : v_(nullptr) {}  // NOLINT(google-explicit-constructor)
    template <class I>

    requires(std::is_integral_v<I>) Param(I v)
        : v_(static_cast<std::int64_t>(v)) {}  // NOLINT(google-explicit-constructor)
    template <class E>

    requires(std::is_enum_v<E>) Param(E v)
        : v_(static_cast<std::int64_t>(v)) {}  // NOLINT(google-explicit-constructor)

    Param(double v) : v_(v) {}  // NOLINT(google-explicit-constructor)

    Param(std::string_view v) : v_(v) {}  // NOLINT(google-explicit-constructor)

    Param(const char* v) : v_(std::string_view(v)) {}  // NOLINT(google-explicit-constructor)

    Param(const std::string& v) : v_(std::string_view(v)) {}  // NOLINT(google-explicit-constructor)

    Param(Blob v) : v_(v) {}  // NOLINT(google-explicit-constructor)

    template <class Tag>
    Param(Id<Tag> v) : v_(v.value) {}  // NOLINT(google-explicit-constructor)

    template <class T>
    Param(const std::optional<T>& v) : v_(nullptr) {  // NOLINT(google-explicit-constructor)
        if (v) {
            v_ = Param(*v).v_;
        }
    }

    const Storage& value() const noexcept { return v_; }

private:
    Storage v_;
};

using Params = std::span<const Param>;
using ParamList = std::initializer_list<Param>;

// One row while it is being visited: views are valid until the callback returns.
class Row {
public:
    virtual ~Row() = default;
    virtual bool null(int column) const = 0;
    virtual std::int64_t integer(int column) const = 0;  // 0 for NULL
    virtual double real(int column) const = 0;
    virtual std::string_view text(int column) const = 0;  // "" for NULL
    virtual std::string_view blob(int column) const = 0;

    template <class I>
    I id(int column) const {
        return I{integer(column)};
    }

    std::string str(int column) const { return std::string(text(column)); }

    bool flag(int column) const { return integer(column) != 0; }
};

enum class Visit { next, stop };

// A consistent view of the database. Not shared between threads.
class Snapshot {
public:
    virtual ~Snapshot() = default;

    virtual void each(
        std::string_view sql, Params params, const std::function<Visit(const Row&)>& visit
    ) = 0;

    void each(
        std::string_view sql, ParamList params, const std::function<Visit(const Row&)>& visit
    ) {
        each(sql, Params{params.begin(), params.size()}, visit);
    }

    // Every row, mapped.
    template <class F>
    auto all(std::string_view sql, Params params, F map)
        -> std::vector<std::invoke_result_t<F, const Row&>> {
        std::vector<std::invoke_result_t<F, const Row&>> out;
        each(sql, params, [&](const Row& row) {
            out.push_back(map(row));
            return Visit::next;
        });
        return out;
    }

    template <class F>
    auto all(std::string_view sql, ParamList params, F map) {
        return all(sql, Params{params.begin(), params.size()}, std::move(map));
    }

    // The first row, mapped.
    template <class F>
    auto one(std::string_view sql, Params params, F map)
        -> std::optional<std::invoke_result_t<F, const Row&>> {
        std::optional<std::invoke_result_t<F, const Row&>> out;
        each(sql, params, [&](const Row& row) {
            out.emplace(map(row));
            return Visit::stop;
        });
        return out;
    }

    template <class F>
    auto one(std::string_view sql, ParamList params, F map) {
        return one(sql, Params{params.begin(), params.size()}, std::move(map));
    }

    // First column of the first row; 0 when there is none.
    std::int64_t number(std::string_view sql, ParamList params = {});
    bool exists(std::string_view sql, ParamList params);
};

// A change that others follow (live channel, bitmaps, webhooks). n is given in commit order by the
// engine.
struct Change {
    CorpId corp;
    std::string_view topic;  // "contact", "lead", "tag", "push", "inbox", ...
    std::int64_t id = 0;
    std::string_view kind;  // "created", "updated", "deleted", "tagged", ...
};

class Transaction : public Snapshot {
public:
    // Rows affected. Throws ConstraintViolation or DatabaseError.
    virtual std::int64_t execute(std::string_view sql, Params params) = 0;

    std::int64_t execute(std::string_view sql, ParamList params = {}) {
        return execute(sql, Params{params.begin(), params.size()});
    }

    // Adds to the change log with this transaction.
    virtual void changed(const Change& change) = 0;
    // Runs after the commit, on any thread; dropped when this transaction is rolled back. Must only
    // signal, and not throw.
    virtual void after_commit(std::function<void()> signal) = 0;
};

// A table that takes rows by append(). Constant for the program's life.
struct AppendTable {
    std::string_view name;  // for metrics
    std::string_view
        insert;  // "INSERT INTO t(...) VALUES(?,...) ON CONFLICT(corp_id,key) DO NOTHING"
    std::string_view select_body;  // "SELECT body FROM t WHERE corp_id=? AND key=?"; "" = a
                                   // conflict is a duplicate
    int corp_column = 0;           // index in values of the corp
    int key_column = 0;            // index in values of the dedupe key
    int body_column = 0;           // index in values of the body that is compared on a conflict
};

// An owned value for append().
using OwnedValue =
    std::variant<std::nullptr_t, std::int64_t, double, std::string, std::vector<char>>;

struct AppendRow {
    const AppendTable* table = nullptr;
    std::vector<OwnedValue> values;  // strings bind as TEXT, vector<char> as BLOB
    // Second and third key to try when the key is taken by a row with another body (storage design,
    // section 4).
    std::function<std::vector<char>(int attempt)> other_key;
    std::optional<std::pair<std::string, std::string>>
        change;  // topic and kind of a change_log row with the id in values[0]
};

enum class AppendOutcome {
    stored,
    duplicate,    // equal body under the same key: nothing stored, acknowledge
    stored_anew,  // another body under the same key: stored under another key; the caller alarms
    failed,       // nothing may be acknowledged
};

// Migrations of one room. Each runs once, in order, in its own transaction, and is recorded by
// (room, number).
struct Migration {
    int number;            // 1, 2, 3 ... within the room
    std::string_view sql;  // statements separated by ';'. Portable; BLOB and INTEGER are translated
                           // by the engine
    int oldest_program =
        1;  // schema generation of the oldest program that may still run on the result
};

struct RoomMigrations {
    std::string_view room;
    std::span<const Migration> migrations;
};

// The schema generation of this program: raised when a migration's oldest_program has to be.
inline constexpr int program_generation = 1;

struct DatabaseStats {
    std::int64_t rows_waiting = 0;
    std::int64_t bytes_waiting = 0;
    std::int64_t commits = 0;
    std::int64_t appended = 0;  // rows of append() in durable groups so far
    std::int64_t size_bytes = 0;
    std::int64_t wal_bytes = 0;
    std::int64_t last_change = 0;  // newest n of the change log
    bool healthy = true;
};

class Database {
public:
    virtual ~Database() = default;

    // Runs fn atomically and returns when its effect is durable. fn may run more than once and on
    // another thread; it touches only its Transaction and what it owns, stays under 5 ms and 1,000
    // rows, and calls nothing remote. An error Result rolls back. A full queue for over 2 s gives
    // ErrorCode::overloaded. Throws DatabaseError when the store is broken.
    template <class T, class F>
    Result<T> write(F&& fn) {
        std::optional<Result<T>> result;
        Status status = run_write([&](Transaction& tx) {
            result.emplace(fn(tx));
            return result->has_value();
        });
        if (!status) {
            return std::move(status).error();
        }
        return std::move(*result);
    }

    // The batched, asynchronous path: rows are grouped with whatever waits and committed together.
    // `done` runs on the writer thread after the commit and must not block or throw. Returns false
    // at once, and never calls done, when the queue is full (20,000 rows, 32 MB, or the oldest
    // older than 2 s).
    virtual bool append(AppendRow row, std::function<void(AppendOutcome)> done) = 0;

    // Runs fn on a snapshot, on the calling thread, for at most 5 s.
    template <class T, class F>
    Result<T> read(F&& fn) {
        std::optional<Result<T>> result;
        run_read([&](Snapshot& snapshot) { result.emplace(fn(snapshot)); });
        return std::move(*result);
    }

    // Called after each commit that wrote to the change log, on the writer thread; must only
    // signal. The subscription ends when the returned handle is destroyed.
    virtual std::shared_ptr<void> on_change(std::function<void()> wake) = 0;

    virtual void migrate(std::span<const RoomMigrations> rooms) = 0;
    virtual DatabaseStats stats() = 0;

    // The transaction whose fn is running on this thread, null outside of one. A write() from
    // inside an fn is a bug (assert); this is for the rare service (Vault) that is called on both
    // sides and must join its caller.
    virtual Transaction* current() noexcept = 0;

protected:
    virtual Status run_write(const std::function<bool(Transaction&)>& fn) = 0;
    virtual void run_read(const std::function<void(Snapshot&)>& fn) = 0;
};

}  // namespace leadbridge
