#pragma once
// Deliveries that wait for a place in the writer's queue: tried again every few milliseconds until
// their time is over, then given up. Bounded in number and bytes. One thread that sleeps while
// there is nothing to do. Thread-safe.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>

#include "base/clock.h"
#include "base/guarded.h"

namespace leadbridge::gateway {

struct HeldRow {
    std::function<bool()> store;  // true: it was taken and will answer for itself
    std::function<void()> give_up;
    std::size_t bytes = 0;
    std::int64_t deadline = 0;  // steady ms
};

struct HeldLimits {
    std::size_t rows = 2'000;
    std::size_t bytes = 16 << 20;
    std::int64_t step_ms = 50;
};

class HeldRows {
public:
    explicit HeldRows(const Clock& clock);
    ~HeldRows();  // stop()

    void limit(HeldLimits limits);
    // False when there is no room or it is stopping: the row was not taken.
    bool add(HeldRow row);
    // Gives up what waits; add() refuses from now on.
    void stop();

private:
    struct State {
        std::deque<HeldRow> rows;
        std::size_t bytes = 0;
        HeldLimits limits;
        bool stopping = false;
    };

    void run();
    void try_all();

    const Clock& clock_;
    Guarded<State> state_;
    std::condition_variable changed_;  // with state_'s lock
    std::thread thread_;
};

}  // namespace leadbridge::gateway
