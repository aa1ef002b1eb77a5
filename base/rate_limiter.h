#pragma once
// Token bucket plus concurrency semaphore, both adaptive: halved by a complaint of the remote, +10 % per minute back to the
// configured value. State machine without I/O; thread-safe.

#include <cstdint>
#include <mutex>

#include "base/clock.h"

namespace leadbridge {

struct RateLimits {
    double per_minute = 3'000;
    int concurrency = 5;
};

class RateLimiter {
public:
    RateLimiter(const Clock& clock, RateLimits limits);

    // 0: the call may go now and holds a slot until release(). Otherwise the ms after which it is worth asking again.
    std::int64_t acquire();
    void release();
    void complain_rate();                  // 45009-like: halves the rate
    void complain_concurrency();           // 45033-like: halves the concurrency, at least 1
    void park(std::int64_t ms);            // nothing goes until then
    RateLimits current() const;
    std::int64_t parked_ms() const;        // 0 = not parked

private:
    void refill();

    const Clock& clock_;
    const RateLimits configured_;
    mutable std::mutex mutex_;  // guards all below
    RateLimits current_;
    double tokens_;
    int in_flight_ = 0;
    std::int64_t refilled_at_;
    std::int64_t recovered_at_;
    std::int64_t parked_until_ = 0;
};

}  // namespace leadbridge
