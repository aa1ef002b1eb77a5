#pragma once
// What waits for the writer: bounded by rows, bytes and age. Private to the engine.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "base/database.h"
#include "base/guarded.h"
#include "base/sqlite_connection.h"

namespace leadbridge {

// Time here is the machine's own: it bounds what waits for a disk, whatever the injected clock
// does.
using RealClock = std::chrono::steady_clock;

struct WaitingAppend {
    AppendRow row;
    std::function<void(AppendOutcome)> done;
    std::int64_t bytes = 0;
    RealClock::time_point since = {};
    AppendOutcome outcome = AppendOutcome::failed;
};

struct WaitingWrite {
    const std::function<bool(Transaction&)>* fn = nullptr;  // lives in the caller, who waits
    std::promise<void> finished = {};
    RealClock::time_point since = {};
    std::exception_ptr error =
        nullptr;  // rethrown by the caller, who alone holds it once it is finished
    std::vector<std::function<void()>> signals = {};
};

// Work of the engine itself outside of any group: migrations.
struct WriterTask {
    std::function<void(SqliteConnection&)> run;  // lives in the caller, who waits
    std::promise<void> finished = {};
    std::exception_ptr error = nullptr;
};

struct Group {
    std::vector<WaitingAppend> appends;
    std::deque<WaitingWrite*> writes;
    std::vector<WriterTask*> tasks;
};

class SqliteQueue {
public:
    SqliteQueue(std::int64_t max_rows, std::int64_t max_bytes)
        : max_rows_(max_rows), max_bytes_(max_bytes) {}

    // False when there is no place.
    bool push(WaitingAppend append);
    // Waits up to 2 s for a place. The write stays the caller's and must live until it is finished.
    bool push(WaitingWrite& write);
    void push(WriterTask& task);

    // Takes appends up to a group's size and all writes; those the group had no time for come back
    // by give_back(). Waits for something; empty only when closed and drained, or when not waiting.
    enum class Wait { yes, no };
    Group take(Wait wait);
    void give_back(std::deque<WaitingWrite*> writes);
    // Everything that waits, to be failed.
    Group take_all();
    bool empty() const;
    std::int64_t rows() const;
    std::int64_t bytes() const;
    // Nothing new enters; take() drains what is there.
    void close();
    // Sleeps, or less when closed. True when closed.
    bool sleep(std::chrono::milliseconds time);

private:
    struct State {
        std::deque<WaitingAppend> appends;
        std::deque<WaitingWrite*> writes;
        std::vector<WriterTask*> tasks;
        std::int64_t bytes = 0;
        bool closed = false;

        bool empty() const { return appends.empty() && writes.empty() && tasks.empty(); }

        std::int64_t rows() const {
            return static_cast<std::int64_t>(appends.size() + writes.size());
        }
    };

    bool has_place(const State& state, std::int64_t bytes, RealClock::time_point now) const;

    const std::int64_t max_rows_;
    const std::int64_t max_bytes_;
    Guarded<State> state_;
    std::condition_variable filled_;
    std::condition_variable drained_;
};

}  // namespace leadbridge
