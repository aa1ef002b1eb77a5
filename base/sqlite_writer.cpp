#include "base/sqlite_writer.h"

#include "base/log.h"
#include "base/sqlite_migrations.h"

namespace leadbridge {

namespace {

constexpr auto writes_per_group =
    std::chrono::milliseconds(2);  // beside rows that wait for their acknowledgement
constexpr auto slow_write = std::chrono::milliseconds(100);

// The waiter and its promise may be gone as soon as the promise is kept, so the promise is taken
// out first.
void finish(std::promise<void>& promise) {
    std::promise<void> finished = std::move(promise);
    finished.set_value();
}

}  // namespace

SqliteWriter::SqliteWriter(
    const SqliteOptions& options,
    const Clock& clock,
    Metrics& metrics,
    SqliteQueue& queue,
    SqliteReaders& readers,
    std::function<void()> changed
)
    : options_(options),
      clock_(clock),
      queue_(queue),
      readers_(readers),
      changed_(std::move(changed)),
      metrics_(metrics, options.name),
      foreign_total_(metrics.counter(
          "leadbridge_foreign_writer_total",
          "Commits of another program to a live database file",
          {{"db", options.name}}
      )),
      checkpoints_total_(
          metrics.counter("leadbridge_db_checkpoints_total", "Checkpoints", {{"db", options.name}})
      ),
      waiting_rows_(metrics.gauge(
          "leadbridge_db_waiting_rows", "Rows and writes that wait", {{"db", options.name}}
      )),
      waiting_bytes_(
          metrics.gauge("leadbridge_db_waiting_bytes", "Bytes that wait", {{"db", options.name}})
      ),
      healthy_gauge_(metrics.gauge(
          "leadbridge_db_healthy", "1 while the store takes writes", {{"db", options.name}}
      )) {
    open();
    if (!make_ballast()) {
        log::warn(
            "base",
            "no room for the ballast file: a full disk will be harder to get out of",
            {{"db", options_.name}, {"bytes", options_.ballast_bytes}}
        );
    }
    healthy_gauge_.set(1);
}

SqliteWriter::~SqliteWriter() = default;

void SqliteWriter::open() {
    connection_ = std::make_unique<SqliteConnection>(options_, SqliteRole::writer);
    prepare_schema(*connection_);
    last_change_ = connection_->number("SELECT MAX(n) FROM change_log");
    committed_change_ = last_change_;
    data_version_ = connection_->number("PRAGMA data_version");
    page_size_ = connection_->number("PRAGMA page_size");
}

Transaction* SqliteWriter::current() const noexcept {
    return running_here() ? current_ : nullptr;
}

void SqliteWriter::run(Group group) {
    thread_ = std::this_thread::get_id();
    waiting_rows_.set(static_cast<double>(queue_.rows()));
    waiting_bytes_.set(static_cast<double>(queue_.bytes()));
    for (auto& task : group.tasks) {
        run_task(*task);
    }
    if (!group.appends.empty() || !group.writes.empty()) {
        execute(group);
    }
    thread_ = std::thread::id{};
}

void SqliteWriter::run_task(WriterTask& task) {
    try {
        task.run(*connection_);
    } catch (...) {
        task.error = std::current_exception();
        if (connection_->troubled()) {
            refuse(connection_->trouble());
        }
    }
    finish(task.finished);
}

void SqliteWriter::execute(Group& group) {
    const auto start = RealClock::now();
    try {
        connection_->execute("BEGIN IMMEDIATE");
        for (auto& append : group.appends) {
            append.outcome = store(append);
        }
        queue_.give_back(run_writes(group));
        connection_->execute("COMMIT");
    } catch (const DatabaseError& e) {
        abandon(group, e);
        return;
    }
    metrics_.observe(RealClock::now() - start, group.appends.size() + group.writes.size());
    release(group);
}

std::deque<WaitingWrite*> SqliteWriter::run_writes(Group& group) {
    const auto start = RealClock::now();
    std::deque<WaitingWrite*> ran;
    while (!group.writes.empty() && (ran.empty() || RealClock::now() - start < writes_per_group)) {
        WaitingWrite* write = group.writes.front();
        group.writes.pop_front();
        ran.push_back(write);
        try {
            run_write(*write);
        } catch (const DatabaseError&) {
            // Those that did not run share the fate of the group: they were promised the same
            // commit.
            group.writes.insert(group.writes.begin(), ran.begin(), ran.end());
            throw;
        }
    }
    ran.swap(group.writes);
    return ran;
}

void SqliteWriter::run_write(WaitingWrite& write) {
    const auto start = RealClock::now();
    const auto change_before = last_change_;
    connection_->execute("SAVEPOINT one_write");
    SqliteTransaction tx(*connection_, clock_, last_change_);
    bool keep = false;
    current_ = &tx;
    try {
        keep = (*write.fn)(tx);
    } catch (...) {
        write.error = std::current_exception();
    }
    current_ = nullptr;
    if (!connection_->troubled() && !connection_->in_transaction()) {
        connection_->mark_troubled(options_.path + ": the transaction ended inside a write");
    }
    if (connection_->troubled()) {
        throw StoreTrouble("the store failed inside a write: " + connection_->trouble(), 0);
    }
    if (!keep) {
        connection_->execute("ROLLBACK TO one_write");
        last_change_ = change_before;
    } else {
        write.signals = std::move(tx.signals());
    }
    connection_->execute("RELEASE one_write");
    if (const auto took = RealClock::now() - start; took > slow_write) {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
        log::warn("base", "a write held the writer for long", {{"db", options_.name}, {"ms", ms}});
    }
}

void SqliteWriter::release(Group& group) {
    ++commits_;
    appended_ += static_cast<std::int64_t>(group.appends.size());
    metrics_.commits.add();
    const bool changes = last_change_ > committed_change_;
    committed_change_ = last_change_;  // before anybody hears of the commit
    for (auto& append : group.appends) {
        append.done(append.outcome);
    }
    std::vector<std::function<void()>> signals;
    for (auto* write : group.writes) {
        for (auto& signal : write->signals) {
            signals.push_back(std::move(signal));
        }
        finish(write->finished);
    }
    for (const auto& signal : signals) {
        signal();
    }
    if (changes) {
        changed_();
    }
}

void SqliteWriter::abandon(Group& group, const DatabaseError& why) {
    metrics_.failures.add();
    log::error(
        "base",
        "a group of writes failed and was not acknowledged",
        {{"db", options_.name}, {"error", why.what()}}
    );
    last_change_ = committed_change_;
    const auto* trouble = dynamic_cast<const StoreTrouble*>(&why);
    bool broken = trouble != nullptr || connection_->troubled();
    if (!broken && connection_->in_transaction()) {
        try {
            connection_->execute("ROLLBACK");
        } catch (const DatabaseError&) {
            broken = true;
        }
    }
    if (broken) {
        refuse(why.what());
    }
    fail(std::move(group), why.what());
}

void SqliteWriter::refuse(const std::string& why) {
    *trouble_.lock() = why;
    disk_full_ = disk_full_ || connection_->ran_out_of_space();
    healthy_ = false;
    healthy_gauge_.set(0);
}

void SqliteWriter::fail(Group group, const std::string& why) {
    for (auto& append : group.appends) {
        append.done(AppendOutcome::failed);
    }
    for (auto* write : group.writes) {
        write->error = std::make_exception_ptr(DatabaseError(why));
        finish(write->finished);
    }
    for (auto* task : group.tasks) {
        task->error = std::make_exception_ptr(DatabaseError(why));
        finish(task->finished);
    }
}

}  // namespace leadbridge
