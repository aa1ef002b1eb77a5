#include "base/sqlite_queue.h"

namespace leadbridge {

namespace {

constexpr std::size_t group_rows = 512;
constexpr std::int64_t group_bytes = 1 << 20;
constexpr auto max_age = std::chrono::seconds(2);

}  // namespace

bool SqliteQueue::has_place(const State& state, std::int64_t bytes, RealClock::time_point now)
    const {
    if (state.rows() >= max_rows_ || state.bytes + bytes > max_bytes_) {
        return false;
    }
    return state.appends.empty() || now - state.appends.front().since <= max_age;
}

bool SqliteQueue::push(WaitingAppend append) {
    {
        auto state = state_.lock();
        append.since = RealClock::now();
        if (state->closed || !has_place(*state, append.bytes, append.since)) {
            return false;
        }
        state->bytes += append.bytes;
        state->appends.push_back(std::move(append));
    }
    filled_.notify_one();
    return true;
}

bool SqliteQueue::push(WaitingWrite& write) {
    {
        auto state = state_.lock();
        const bool place = drained_.wait_for(state.raw(), max_age, [&] {
            return state->closed || has_place(*state, 0, RealClock::now());
        });
        if (!place || state->closed) {
            return false;
        }
        write.since = RealClock::now();
        state->writes.push_back(&write);
    }
    filled_.notify_one();
    return true;
}

void SqliteQueue::push(WriterTask& task) {
    state_.lock()->tasks.push_back(&task);
    filled_.notify_one();
}

Group SqliteQueue::take(Wait wait) {
    Group group;
    {
        auto state = state_.lock();
        if (wait == Wait::yes) {
            filled_.wait(state.raw(), [&] { return state->closed || !state->empty(); });
        }
        group.tasks.swap(state->tasks);
        std::int64_t bytes = 0;
        while (!state->appends.empty() && group.appends.size() < group_rows && bytes < group_bytes
        ) {
            bytes += state->appends.front().bytes;
            group.appends.push_back(std::move(state->appends.front()));
            state->appends.pop_front();
        }
        state->bytes -= bytes;
        group.writes.swap(state->writes);
    }
    drained_.notify_all();
    return group;
}

void SqliteQueue::give_back(std::deque<WaitingWrite*> writes) {
    auto state = state_.lock();
    state->writes.insert(state->writes.begin(), writes.begin(), writes.end());
}

Group SqliteQueue::take_all() {
    Group group;
    {
        auto state = state_.lock();
        group.appends.assign(
            std::make_move_iterator(state->appends.begin()),
            std::make_move_iterator(state->appends.end())
        );
        state->appends.clear();
        state->bytes = 0;
        group.writes.swap(state->writes);
        group.tasks.swap(state->tasks);
    }
    drained_.notify_all();
    return group;
}

bool SqliteQueue::empty() const {
    return state_.lock()->empty();
}

std::int64_t SqliteQueue::rows() const {
    return state_.lock()->rows();
}

std::int64_t SqliteQueue::bytes() const {
    return state_.lock()->bytes;
}

void SqliteQueue::close() {
    state_.lock()->closed = true;
    filled_.notify_all();
    drained_.notify_all();
}

bool SqliteQueue::sleep(std::chrono::milliseconds time) {
    auto state = state_.lock();
    return filled_.wait_for(state.raw(), time, [&] { return state->closed; });
}

}  // namespace leadbridge
