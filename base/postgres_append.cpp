#include "base/postgres_append.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/log.h"

namespace leadbridge {

namespace {

constexpr std::size_t group_rows = 512;
constexpr std::int64_t group_bytes = 1 << 20;
constexpr auto max_age = std::chrono::seconds(2);
constexpr auto retry_pause = std::chrono::milliseconds(20);

thread_local bool answering = false;

}  // namespace

PostgresAppender::PostgresAppender(
    const PostgresOptions& options,
    const Clock& clock,
    Metrics& metrics,
    PostgresPool& pool,
    std::int64_t change_base,
    std::function<void()> changed
)
    : options_(options),
      clock_(clock),
      pool_(pool),
      change_base_(change_base),
      changed_(std::move(changed)),
      metrics_(metrics, options.name) {}

bool PostgresAppender::answering_here() noexcept {
    return answering;
}

bool PostgresAppender::push(PostgresAppend append) {
    {
        auto state = state_.lock();
        append.since = RealClock::now();
        const bool full =
            static_cast<std::int64_t>(state->waiting.size()) >= options_.max_waiting_rows ||
            state->bytes + append.bytes > options_.max_waiting_bytes;
        const bool late =
            !state->waiting.empty() && append.since - state->waiting.front().since > max_age;
        if (state->closed || full || late) {
            return false;
        }
        state->bytes += append.bytes;
        state->waiting.push_back(std::move(append));
    }
    filled_.notify_one();
    return true;
}

void PostgresAppender::close() {
    state_.lock()->closed = true;
    filled_.notify_all();
}

PostgresAppender::Group PostgresAppender::take(Wait wait) {
    Group group;
    auto state = state_.lock();
    if (wait == Wait::yes) {
        filled_.wait(state.raw(), [&] { return state->closed || !state->waiting.empty(); });
    }
    std::int64_t bytes = 0;
    while (!state->waiting.empty() && group.size() < group_rows && bytes < group_bytes) {
        bytes += state->waiting.front().bytes;
        group.push_back(std::move(state->waiting.front()));
        state->waiting.pop_front();
    }
    state->bytes -= bytes;
    state->running = static_cast<std::int64_t>(group.size());
    return group;
}

void PostgresAppender::serve() {
    for (Group group = take(Wait::yes); !group.empty(); group = take(Wait::yes)) {
        run(std::move(group));
    }
}

void PostgresAppender::work_here() {
    for (Group group = take(Wait::no); !group.empty(); group = take(Wait::no)) {
        run(std::move(group));
    }
}

void PostgresAppender::run(Group group) {
    const auto start = RealClock::now();
    const auto until = start + std::chrono::milliseconds(options_.patience_ms);
    one_by_one_ = false;
    while (!attempt(group)) {
        if (RealClock::now() >= until) {
            metrics_.failures.add();
            log::error(
                "base",
                "a group of rows could not be stored and was not acknowledged",
                {{"db", options_.name}, {"rows", group.size()}}
            );
            for (auto& append : group) {
                append.outcome = AppendOutcome::failed;
            }
            break;
        }
        std::this_thread::sleep_for(retry_pause);
    }
    metrics_.observe(RealClock::now() - start, group.size());
    answer(group);
}

bool PostgresAppender::attempt(Group& group) {
    commit_sent_ = false;
    try {
        auto connection = pool_.take();
        try {
            if (one_by_one_) {
                store_one_by_one(*connection, group);
            } else {
                store_together(*connection, group);
            }
            return true;
        } catch (...) {
            connection.drop();  // whatever is left in its pipeline
            throw;
        }
    } catch (const PostgresError& e) {
        if (e.failure == PostgresFailure::lost) {
            pool_.renew();
        }
        one_by_one_ = one_by_one_ || e.failure == PostgresFailure::statement;
        log::warn(
            "base",
            "a group of rows is stored again",
            {{"db", options_.name}, {"commit_sent", commit_sent_}, {"error", e.what()}}
        );
    } catch (const DatabaseError&) {
        one_by_one_ = true;  // a row we refused to send; it is named when it is tried alone
    }
    for (auto& append : group) {
        // Of a commit that nobody heard of the keys tell: found there, the row is ours or an equal
        // one.
        append.unheard = append.unheard || (commit_sent_ && append.stored());
    }
    return false;
}

void PostgresAppender::answer(Group& group) {
    bool changes = false;
    bool stored = false;
    for (const auto& append : group) {
        changes = changes || (append.row.change && append.stored());
        stored = stored || append.outcome != AppendOutcome::failed;
    }
    if (stored) {
        ++commits_;
        metrics_.commits.add();
        appended_ += static_cast<std::int64_t>(group.size());
    }
    answering = true;
    for (auto& append : group) {
        append.done(append.outcome);
    }
    if (changes) {
        changed_();
    }
    answering = false;
    state_.lock()->running = 0;
}

}  // namespace leadbridge
