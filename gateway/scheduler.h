#pragma once
// Small regular work that is not a job: ticks once a second on its own thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"

namespace leadbridge::gateway {

class Scheduler {
public:
    explicit Scheduler(const Clock& clock);
    ~Scheduler();  // stop()

    // Before start(). work runs at start and then every `every_ms` of the clock; an exception is
    // logged.
    void every(std::int64_t every_ms, std::string name, std::function<void()> work);
    void start();
    void stop();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::gateway
