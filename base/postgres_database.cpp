#include "base/postgres_database.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <random>
#include <thread>

#include "base/append_row.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/postgres_append.h"
#include "base/postgres_pool.h"
#include "base/postgres_schema.h"
#include "base/postgres_transaction.h"
#include "base/postgres_watch.h"
#include "base/signal_list.h"

namespace leadbridge {

namespace {

constexpr int most_conflicts = 40;
constexpr std::int64_t size_kept_ms = 10'000;
constexpr auto slow_write = std::chrono::milliseconds(100);

// Two that met do not meet again: up to 1 ms after the first time, up to 64 ms later on. Real
// time and chance of its own, since it waits for other programs.
void pause_after(int conflicts) {
    thread_local std::minstd_rand chance(
        static_cast<unsigned>(std::chrono::steady_clock::now().time_since_epoch().count())
    );
    const int most_us = 1'000 << std::min(conflicts, 6);
    std::this_thread::sleep_for(std::chrono::microseconds(static_cast<int>(chance()) % most_us));
}

// The transaction of each database whose fn runs on this thread, newest last.
struct Running {
    const Database* database;
    Transaction* transaction;
};

thread_local std::vector<Running> running;

class RunningHere {
public:
    RunningHere(const Database* database, Transaction* transaction) {
        running.push_back({database, transaction});
    }

    RunningHere(const RunningHere&) = delete;
    RunningHere& operator=(const RunningHere&) = delete;

    ~RunningHere() { running.pop_back(); }
};

class PostgresDatabase final : public Database {
public:
    PostgresDatabase(const PostgresOptions& options, const Clock& clock, Metrics& metrics)
        : options_(options),
          clock_(clock),
          refused_total_(metrics.counter(
              "leadbridge_db_refused_total",
              "Writes refused: no place or no store",
              {{"db", options.name}}
          )),
          conflicts_total_(metrics.counter(
              "leadbridge_db_conflicts_total",
              "Writes run again because another one was in their way",
              {{"db", options.name}}
          )),
          commits_total_(metrics.counter(
              "leadbridge_db_commits_total", "Durable commits", {{"db", options.name}}
          )),
          writers_(options, PostgresRole::writer),
          readers_(options, PostgresRole::reader),
          change_base_(prepare_schema(*writers_.take(), options)),
          appender_(options, clock, metrics, writers_, change_base_, [this] { changed(); }) {
        if (options_.threads == PostgresThreads::own) {
            watch_ = std::make_unique<PostgresWatch>(options_, [this] { followers_.call(); });
            thread_ = std::thread([this] { appender_.serve(); });
            pthread_setname_np(
                thread_.native_handle(), ("db-" + options_.name).substr(0, 15).c_str()
            );
        }
    }

    ~PostgresDatabase() override {
        appender_.close();
        if (thread_.joinable()) {
            thread_.join();
        }
        watch_.reset();
    }

    bool append(AppendRow row, std::function<void(AppendOutcome)> done) override {
        PostgresAppend waiting{std::move(row), std::move(done)};
        waiting.bytes = bytes_of(waiting.row);
        const bool placed = appender_.push(std::move(waiting));
        if (!placed) {
            refused_total_.add();
        }
        if (options_.threads == PostgresThreads::on_caller_for_tests && current() == nullptr &&
            !PostgresAppender::answering_here()) {
            appender_.work_here();
        }
        return placed;
    }

    std::shared_ptr<void> on_change(std::function<void()> wake) override {
        return followers_.add(std::move(wake));
    }

    void migrate(std::span<const RoomMigrations> rooms) override {
        auto connection = writers_.take();
        run_migrations(*connection, options_, clock_, rooms);
        connection.drop();  // it has no limits while it migrates
        // What was prepared for the old schema goes.
        writers_.renew();
        readers_.renew();
    }

    DatabaseStats stats() override;

    Transaction* current() noexcept override {
        for (const auto& one : running) {
            if (one.database == this) {
                return one.transaction;
            }
        }
        return nullptr;
    }

protected:
    Status run_write(const std::function<bool(Transaction&)>& fn) override;

    void run_read(const std::function<void(Snapshot&)>& fn) override {
        // A reader that was lost while it was idle shows at its BEGIN; the second one is new.
        if (!try_read(fn, Retry::yes)) {
            try_read(fn, Retry::no);
        }
    }

private:
    // What became of one run of an fn.
    struct Attempt {
        PostgresAgain again = PostgresAgain::no;
        std::exception_ptr error = nullptr;
        std::int64_t changes = 0;
        std::vector<std::function<void()>> signals = {};
    };

    // The server looks at every file for it: kept for a while.
    struct Size {
        std::int64_t look_at_ms = INT64_MIN;
        std::int64_t bytes = 0;
    };

    Attempt attempt(const std::function<bool(Transaction&)>& fn, Savepoints savepoints);
    void run_fn(
        PostgresTransaction& tx,
        PostgresConnection& connection,
        const std::function<bool(Transaction&)>& fn,
        Attempt& attempt
    );
    enum class Retry { yes, no };
    // False when it did not begin and may be tried again.
    bool try_read(const std::function<void(Snapshot&)>& fn, Retry retry);
    void finish(Attempt& attempt);

    void changed() {
        followers_.call();
        if (watch_) {
            watch_->committed();
        }
    }

    const PostgresOptions options_;
    const Clock& clock_;
    Counter& refused_total_;
    Counter& conflicts_total_;
    Counter& commits_total_;
    PostgresPool writers_;
    PostgresPool readers_;
    const std::int64_t change_base_;
    std::atomic<std::int64_t> commits_{0};
    Guarded<Size> size_;
    SignalList<> followers_;
    PostgresAppender appender_;
    std::unique_ptr<PostgresWatch> watch_;
    std::thread thread_;
};

Status PostgresDatabase::run_write(const std::function<bool(Transaction&)>& fn) {
    assert(
        current() == nullptr && !PostgresAppender::answering_here() &&
        "write() inside the fn of another write(), or in what its commit calls"
    );
    const auto start = std::chrono::steady_clock::now();
    const auto until = start + std::chrono::milliseconds(options_.patience_ms);
    Savepoints savepoints = Savepoints::no;
    int conflicts = 0;
    while (true) {
        Attempt run = attempt(fn, savepoints);
        if (run.again == PostgresAgain::guarded) {
            savepoints = Savepoints::yes;
        } else if (run.again == PostgresAgain::conflict && conflicts < most_conflicts) {
            conflicts_total_.add();
            pause_after(conflicts++);
        } else if (run.again == PostgresAgain::conflict) {
            refused_total_.add();
            return Error{
                ErrorCode::overloaded, "other writes were always in the way", "store_overloaded"};
        } else if (run.again == PostgresAgain::lost) {
            // Nothing was stored: COMMIT had not been sent.
            writers_.renew();
            if (std::chrono::steady_clock::now() >= until) {
                refused_total_.add();
                throw DatabaseError("the connection to PostgreSQL was lost in a write");
            }
            pause_after(conflicts);
        } else {
            if (const auto took = std::chrono::steady_clock::now() - start; took > slow_write) {
                const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
                log::warn("base", "a write took long", {{"db", options_.name}, {"ms", ms}});
            }
            finish(run);
            return {};
        }
    }
}

PostgresDatabase::Attempt PostgresDatabase::attempt(
    const std::function<bool(Transaction&)>& fn, Savepoints savepoints
) {
    Attempt result;
    auto connection = writers_.take();
    try {
        connection->script("BEGIN ISOLATION LEVEL SERIALIZABLE");
    } catch (const PostgresError& e) {
        if (e.failure != PostgresFailure::lost) {
            throw;
        }
        result.again = PostgresAgain::lost;
        return result;
    }
    PostgresTransaction tx(*connection, clock_, change_base_, savepoints);
    run_fn(tx, *connection, fn, result);
    if (result.again == PostgresAgain::lost) {
        connection.drop();
    }
    return result;
}

void PostgresDatabase::run_fn(
    PostgresTransaction& tx,
    PostgresConnection& connection,
    const std::function<bool(Transaction&)>& fn,
    Attempt& result
) {
    bool keep = false;
    {
        const RunningHere here(this, &tx);
        try {
            keep = fn(tx);
        } catch (...) {
            result.error = std::current_exception();
        }
    }
    result.again = tx.again();
    if (result.again == PostgresAgain::no && keep && tx.failed()) {
        result.again = PostgresAgain::guarded;
    }
    if (result.again != PostgresAgain::no || !keep) {
        connection.roll_back();
        return;
    }
    try {
        connection.commit();
        ++commits_;
        commits_total_.add();
        result.changes = tx.changes();
        result.signals = std::move(tx.signals());
    } catch (const PostgresError& e) {
        if (e.failure == PostgresFailure::conflict) {
            result.again = PostgresAgain::conflict;
            return;
        }
        throw DatabaseError(
            std::string("whether a write was stored is unknown: its COMMIT failed: ") + e.what()
        );
    }
}

void PostgresDatabase::finish(Attempt& attempt) {
    if (attempt.error) {
        std::rethrow_exception(std::exchange(attempt.error, nullptr));
    }
    for (const auto& signal : attempt.signals) {
        signal();
    }
    if (attempt.changes > 0) {
        changed();
    }
}

bool PostgresDatabase::try_read(const std::function<void(Snapshot&)>& fn, Retry retry) {
    auto connection = readers_.take();
    try {
        connection->script("BEGIN");
    } catch (const PostgresError& e) {
        if (e.failure != PostgresFailure::lost || retry == Retry::no) {
            throw;
        }
        connection.drop();
        readers_.renew();
        return false;
    }
    PostgresSnapshot snapshot(*connection);
    fn(snapshot);
    connection->roll_back();  // nothing was written
    return true;
}

DatabaseStats PostgresDatabase::stats() {
    DatabaseStats stats;
    stats.rows_waiting = appender_.rows();
    stats.bytes_waiting = appender_.bytes();
    stats.commits = commits_ + appender_.commits();
    stats.appended = appender_.appended();
    try {
        run_read([&](Snapshot& s) {
            // A change that commits below one that is hidden yet raises it, too.
            stats.last_change = s.number(
                "SELECT seen.n + (SELECT COUNT(*) FROM change_row WHERE n > seen.n) FROM (SELECT "
                "COALESCE(MAX(n), 0) AS n FROM change_log) seen"
            );
            auto size = size_.lock();
            if (const auto now = clock_.steady_ms(); now >= size->look_at_ms) {
                *size = {
                    now + size_kept_ms, s.number("SELECT pg_database_size(current_database())")};
            }
            stats.size_bytes = size->bytes;
        });
        stats.healthy = writers_.healthy();
    } catch (const DatabaseError&) {
        stats.healthy = false;
    }
    return stats;
}

}  // namespace

std::unique_ptr<Database> open_postgres(
    const PostgresOptions& options, const Clock& clock, Metrics& metrics
) {
    return std::make_unique<PostgresDatabase>(options, clock, metrics);
}

void drop_postgres(const PostgresOptions& options) {
    PostgresConnection connection(options, PostgresRole::writer);
    if (!take_sole(connection, options)) {
        throw DatabaseError(held_by_another);
    }
    connection.script("DROP SCHEMA IF EXISTS " + options.name + " CASCADE");
}

PostgresFacts probe_postgres(const PostgresOptions& options) {
    PostgresConnection connection(options, PostgresRole::writer);
    PostgresFacts facts;
    bool may_create = false;
    connection.each(
        "SELECT current_setting('server_version'), current_setting('server_encoding'), "
        "d.datcollate, current_setting('synchronous_commit'), current_setting('fsync') = 'on', "
        "current_setting('full_page_writes') = 'on', EXISTS (SELECT 1 FROM pg_namespace WHERE "
        "nspname = ?) OR has_database_privilege(current_database(), 'CREATE') FROM pg_database d "
        "WHERE d.datname = current_database()",
        Params{std::vector<Param>{options.name}},
        [&](const Row& row) {
            facts = {row.str(0), row.str(1), row.str(2), row.str(3), row.flag(4), row.flag(5)};
            may_create = row.flag(6);
            return Visit::stop;
        }
    );
    if (!may_create) {
        throw DatabaseError(
            "the user of database.url may not create a schema: GRANT CREATE ON DATABASE to it"
        );
    }
    return facts;
}

}  // namespace leadbridge
