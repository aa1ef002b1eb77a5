#pragma once
// The batched path: what waits for a commit, bounded by rows, bytes and age, and the one who
// commits it. Private to the engine.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <string_view>
#include <vector>

#include "base/commit_metrics.h"
#include "base/guarded.h"
#include "base/postgres_pool.h"

namespace leadbridge {

struct PostgresAppend {
    AppendRow row;
    std::function<void(AppendOutcome)> done;
    std::int64_t bytes = 0;
    std::chrono::steady_clock::time_point since = {};
    AppendOutcome outcome = AppendOutcome::failed;
    // Inserted by an attempt whose commit nobody heard of: found again under its key, it is ours or
    // an equal one.
    bool unheard = false;

    bool stored() const {
        return outcome == AppendOutcome::stored || outcome == AppendOutcome::stored_anew;
    }
};

class PostgresAppender {
public:
    // changed: called after a commit that wrote to the change log.
    PostgresAppender(
        const PostgresOptions& options,
        const Clock& clock,
        Metrics& metrics,
        PostgresPool& pool,
        std::int64_t change_base,
        std::function<void()> changed
    );

    // False when there is no place. Thread-safe.
    bool push(PostgresAppend append);
    // Commits and answers groups until close(); the appender's own thread.
    void serve();
    // The same for what waits now, on the calling thread.
    void work_here();
    // Nothing new enters; serve() ends after what is there.
    void close();

    // Not answered yet.
    std::int64_t rows() const {
        auto state = state_.lock();
        return static_cast<std::int64_t>(state->waiting.size()) + state->running;
    }

    std::int64_t bytes() const { return state_.lock()->bytes; }

    std::int64_t commits() const noexcept { return commits_; }

    std::int64_t appended() const noexcept { return appended_; }

    // True in what an acknowledgement calls.
    static bool answering_here() noexcept;

private:
    using Group = std::vector<PostgresAppend>;
    using RealClock = std::chrono::steady_clock;

    struct State {
        std::deque<PostgresAppend> waiting;
        std::int64_t bytes = 0;
        std::int64_t running = 0;  // rows of the group that is being stored
        bool closed = false;
    };

    enum class Wait { yes, no };
    Group take(Wait wait);
    void run(Group group);
    // False: to be tried again.
    bool attempt(Group& group);
    // Runs one statement inside the transaction; rows affected.
    using Ask = std::function<
        std::int64_t(std::string_view, Params, const std::function<Visit(const Row&)>&)>;
    void store_together(PostgresConnection& connection, Group& group);
    void store_one_by_one(PostgresConnection& connection, Group& group);
    void settle_taken(const Ask& ask, PostgresAppend& append);
    void add_changes(const Ask& ask, const Group& group);
    void answer(Group& group);

    const PostgresOptions options_;
    const Clock& clock_;
    PostgresPool& pool_;
    const std::int64_t change_base_;
    const std::function<void()> changed_;
    CommitMetrics metrics_;

    Guarded<State> state_;
    std::condition_variable filled_;
    bool commit_sent_ = false;  // of the running attempt
    bool one_by_one_ = false;   // the group holds a row that is refused
    std::atomic<std::int64_t> commits_{0};
    std::atomic<std::int64_t> appended_{0};
};

}  // namespace leadbridge
