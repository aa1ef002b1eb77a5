#pragma once
// Live sample traffic: people scan the company's codes, chat, edit, delete; members answer and
// confirm mass sends late or never. Seeded; speed follows the clock.

#include <memory>
#include <string>

#include "base/clock.h"
#include "connectors/sandbox/sandbox.h"

namespace leadbridge::sandbox {

struct TrafficOptions {
    std::string corpid;
    std::int64_t mean_pause_ms = 2'500;  // between two acts, in the clock's time
    std::uint64_t seed = 7;
    int confirm_percent = 70;  // of mass sends that are confirmed at all
};

class Traffic {
public:
    Traffic(Sandbox& sandbox, const Clock& clock, TrafficOptions options);
    ~Traffic();
    void start();
    void stop();
    // 1 = as it began, 2 = twice as many acts; 0 = it rests. Any thread.
    void set_speed(double speed);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::sandbox
