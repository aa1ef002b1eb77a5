#include "base/sqlite_database.h"

#include <pthread.h>
#include <sys/stat.h>

#include <algorithm>
#include <cassert>
#include <thread>

#include "base/append_row.h"
#include "base/log.h"
#include "base/online_backup.h"
#include "base/signal_list.h"
#include "base/sqlite_migrations.h"
#include "base/sqlite_writer.h"

namespace leadbridge {

namespace {

constexpr int copy_step_bytes = 1 << 20;  // holds the writer for about a millisecond

std::int64_t file_size(const std::string& path) {
    struct stat info {};

    return ::stat(path.c_str(), &info) == 0 ? static_cast<std::int64_t>(info.st_size) : 0;
}

void rethrow(std::exception_ptr& error) {
    if (error) {
        std::rethrow_exception(std::exchange(error, nullptr));
    }
}

class SqliteDatabase final : public Database, public OnlineBackup {
public:
    SqliteDatabase(const SqliteOptions& options, const Clock& clock, Metrics& metrics)
        : options_(options),
          clock_(clock),
          refused_total_(metrics.counter(
              "leadbridge_db_refused_total",
              "Writes refused: no place or no store",
              {{"db", options.name}}
          )),
          queue_(options.max_waiting_rows, options.max_waiting_bytes),
          readers_(options),
          writer_(options, clock, metrics, queue_, readers_, [this] { followers_.call(); }) {
        if (options_.writer == SqliteWriterMode::own_thread) {
            thread_ = std::thread([this] { serve(); });
            pthread_setname_np(
                thread_.native_handle(), ("db-" + options_.name).substr(0, 15).c_str()
            );
        }
    }

    ~SqliteDatabase() override {
        queue_.close();
        if (thread_.joinable()) {
            thread_.join();
        } else {
            work_here();
        }
        readers_.renew();  // readers first, the writer last: its close folds the log in
    }

    bool append(AppendRow row, std::function<void(AppendOutcome)> done) override {
        WaitingAppend waiting{std::move(row), std::move(done)};
        waiting.bytes = bytes_of(waiting.row);
        if (!writer_.healthy() || !queue_.push(std::move(waiting))) {
            refused_total_.add();
            work_here();
            return false;
        }
        work_here();
        return true;
    }

    std::shared_ptr<void> on_change(std::function<void()> wake) override {
        return followers_.add(std::move(wake));
    }

    void migrate(std::span<const RoomMigrations> rooms) override {
        run_task([&](SqliteConnection& connection) { run_migrations(connection, clock_, rooms); });
    }

    void copy_to(const std::string& path, const std::function<bool(const CopyProgress&)>& go_on)
        override {
        const auto turn = copy_turn_.lock();
        run_task([&](SqliteConnection& connection) { connection.begin_copy(path); });
        const int pages = std::max(1, copy_step_bytes / options_.page_size);
        CopyProgress progress;
        bool complete = false;
        bool wanted = true;
        while (!complete && wanted) {
            run_task([&](SqliteConnection& connection) {
                complete = connection.step_copy(pages, progress);
            });
            wanted = complete || give_up_on_throw([&] { return go_on(progress); });
        }
        run_task([&](SqliteConnection& connection) { connection.end_copy(); });
        if (!complete) {
            throw DatabaseError("the copy to " + path + " was given up");
        }
    }

    DatabaseStats stats() override {
        DatabaseStats stats;
        stats.rows_waiting = queue_.rows();
        stats.bytes_waiting = queue_.bytes();
        stats.commits = writer_.commits();
        stats.appended = writer_.appended();
        stats.size_bytes = file_size(options_.path);
        stats.wal_bytes = file_size(options_.path + "-wal");
        stats.last_change = writer_.last_change();
        stats.healthy = writer_.healthy();
        return stats;
    }

    Transaction* current() noexcept override { return writer_.current(); }

protected:
    Status run_write(const std::function<bool(Transaction&)>& fn) override {
        assert(
            !writer_.running_here() &&
            "write() inside the fn of another write(), or in what its commit calls"
        );
        if (!writer_.healthy()) {
            work_here();
        }
        if (!writer_.healthy()) {
            refused_total_.add();
            throw DatabaseError("the store does not take writes: " + writer_.trouble());
        }
        WaitingWrite waiting;
        waiting.fn = &fn;
        auto finished = waiting.finished.get_future();
        if (!queue_.push(waiting)) {
            refused_total_.add();
            return Error{
                ErrorCode::overloaded, "the write queue was full for 2 s", "store_overloaded"};
        }
        work_here();
        finished.get();
        rethrow(waiting.error);
        return {};
    }

    void run_read(const std::function<void(Snapshot&)>& fn) override { readers_.run(fn); }

private:
    // On the writer, between groups.
    void run_task(std::function<void(SqliteConnection&)> run) {
        WriterTask task;
        task.run = std::move(run);
        auto finished = task.finished.get_future();
        queue_.push(task);
        work_here();
        finished.get();
        rethrow(task.error);
    }

    bool give_up_on_throw(const std::function<bool()>& ask) {
        try {
            return ask();
        } catch (...) {
            run_task([](SqliteConnection& connection) { connection.end_copy(); });
            throw;
        }
    }

    void serve() {
        auto pause = std::chrono::milliseconds(50);
        while (true) {
            if (!writer_.healthy() && !writer_.recover()) {
                writer_.fail(queue_.take_all(), writer_.trouble());
                if (queue_.sleep(pause)) {
                    writer_.fail(queue_.take_all(), "the database is closing");
                    return;
                }
                pause = std::min(pause * 2, std::chrono::milliseconds(5000));
                continue;
            }
            pause = std::chrono::milliseconds(50);
            Group group = queue_.take(SqliteQueue::Wait::yes);
            if (group.appends.empty() && group.writes.empty() && group.tasks.empty()) {
                return;
            }
            writer_.run(std::move(group));
            writer_.maybe_checkpoint();
        }
    }

    // Without a thread of its own: whoever brought work does what waits.
    void work_here() {
        if (options_.writer == SqliteWriterMode::own_thread || writer_.current() != nullptr ||
            working_here_ == this) {
            return;
        }
        auto turn = turn_.lock();
        working_here_ = this;
        while (!queue_.empty() || !writer_.healthy()) {
            if (!writer_.healthy() && !writer_.recover()) {
                writer_.fail(queue_.take_all(), writer_.trouble());
                break;
            }
            writer_.run(queue_.take(SqliteQueue::Wait::no));
            writer_.maybe_checkpoint();
        }
        working_here_ = nullptr;
    }

    struct Turn {};

    const SqliteOptions options_;
    const Clock& clock_;
    Counter& refused_total_;
    SqliteQueue queue_;
    SqliteReaders readers_;
    SignalList<> followers_;
    SqliteWriter writer_;
    Guarded<Turn> turn_;
    Guarded<Turn> copy_turn_;
    static thread_local const SqliteDatabase* working_here_;
    std::thread thread_;
};

thread_local const SqliteDatabase* SqliteDatabase::working_here_ = nullptr;

}  // namespace

std::unique_ptr<Database> open_sqlite(
    const SqliteOptions& options, const Clock& clock, Metrics& metrics
) {
    return std::make_unique<SqliteDatabase>(options, clock, metrics);
}

OnlineBackup* online_backup(Database& db) noexcept {
    return dynamic_cast<OnlineBackup*>(&db);
}

}  // namespace leadbridge
