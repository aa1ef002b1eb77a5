#pragma once
// Opens when a corp's WeCom cannot be reached or refuses us, so that an hour without it burns no
// tries: calls are refused at once until the time is over, then one goes as a probe. State machine
// without I/O; thread-safe.

#include <cstdint>
#include <mutex>

#include "base/clock.h"

namespace leadbridge::wecom {

struct BreakerLimits {
    int network_failures = 5;            // in a row, over all APIs of the corp
    std::int64_t first_open_ms = 5'000;  // doubled by each failed probe
    std::int64_t max_open_ms = 60'000;
};

class Breaker {
public:
    explicit Breaker(const Clock& clock, BreakerLimits limits = {})
        : clock_(clock), limits_(limits) {}

    // 0: go (after an open time: as the only probe). Otherwise the ms until it is worth asking
    // again.
    std::int64_t acquire();
    // acquire() said go, but the call was not made.
    void give_back();
    // The remote answered, whatever it said.
    void answered();
    // Nothing came back.
    void unreachable();
    // The remote refuses the corp's credentials or our address.
    void refused(std::int64_t ms);
    // Ms until the next probe; 0 when closed.
    std::int64_t open_ms() const;

private:
    const Clock& clock_;
    const BreakerLimits limits_;
    mutable std::mutex mutex_;  // guards all below
    int failures_ = 0;
    std::int64_t open_for_ms_ = 0;
    std::int64_t open_until_ = 0;
    std::int64_t probe_until_ = 0;  // a probe that never reports ends here
};

}  // namespace leadbridge::wecom
