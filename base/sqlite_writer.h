#pragma once
// The only writing connection of a file: groups, change numbers, checkpoints, recovery. Private to
// the engine. Everything but healthy(), trouble(), current() and the counters is called by one
// thread at a time.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/commit_metrics.h"
#include "base/sqlite_queue.h"
#include "base/sqlite_readers.h"
#include "base/sqlite_transaction.h"

namespace leadbridge {

class SqliteWriter {
public:
    // Opens the file and makes the engine's own tables. Throws DatabaseError.
    SqliteWriter(
        const SqliteOptions& options,
        const Clock& clock,
        Metrics& metrics,
        SqliteQueue& queue,
        SqliteReaders& readers,
        std::function<void()> changed
    );
    ~SqliteWriter();

    // Runs tasks, then everything else as one transaction; answers all of it.
    void run(Group group);
    // Folds the log in when the policy says so. Never throws.
    void maybe_checkpoint();
    // After trouble: closes, reopens, recovers, tries a commit. False when the store is still
    // broken.
    bool recover();
    void fail(Group group, const std::string& why);

    bool healthy() const noexcept { return healthy_; }

    std::string trouble() const { return *trouble_.lock(); }

    Transaction* current() const noexcept;

    // True inside a write, and in what a commit calls afterwards.
    bool running_here() const noexcept { return thread_.load() == std::this_thread::get_id(); }

    std::int64_t commits() const noexcept { return commits_; }

    std::int64_t appended() const noexcept { return appended_; }

    std::int64_t last_change() const noexcept { return committed_change_; }

private:
    void open();
    void run_task(WriterTask& task);
    void execute(Group& group);
    std::deque<WaitingWrite*> run_writes(Group& group);
    void run_write(WaitingWrite& write);
    AppendOutcome store(WaitingAppend& append);
    AppendOutcome store_row(WaitingAppend& append);
    AppendOutcome settle_conflict(WaitingAppend& append);
    void stored(const WaitingAppend& append);
    void abandon(Group& group, const DatabaseError& why);
    void release(Group& group);
    void refuse(const std::string& why);
    void check_foreign_writer();
    bool has_room() const noexcept;
    bool make_ballast() noexcept;

    const SqliteOptions options_;
    const Clock& clock_;
    SqliteQueue& queue_;
    SqliteReaders& readers_;
    const std::function<void()> changed_;
    CommitMetrics metrics_;
    Counter& foreign_total_;
    Counter& checkpoints_total_;
    Gauge& waiting_rows_;
    Gauge& waiting_bytes_;
    Gauge& healthy_gauge_;

    std::unique_ptr<SqliteConnection> connection_;
    std::int64_t last_change_ = 0;  // of the open group
    std::int64_t data_version_ = 0;
    std::int64_t page_size_ = 4096;
    bool disk_full_ = false;

    std::atomic<bool> healthy_{true};
    std::atomic<std::int64_t> commits_{0};
    std::atomic<std::int64_t> appended_{0};
    std::atomic<std::int64_t> committed_change_{0};
    std::atomic<std::thread::id> thread_{};
    SqliteTransaction* current_ = nullptr;  // read only by thread_
    Guarded<std::string> trouble_;
};

}  // namespace leadbridge
