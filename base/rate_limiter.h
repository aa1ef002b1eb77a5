#pragma once
// Token bucket plus concurrency semaphore, both adaptive: halved by a complaint of the remote, +10
// % per minute back to the configured value. In no 60 s do more than per_minute calls go. State
// machine without I/O; thread-safe.

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

    // 0: the call may go now and holds a slot until release(). Otherwise the ms after which it is
    // worth asking again.
    std::int64_t acquire();
    void release();
    // Complaints of one kind within 1 s count once: calls in flight together complain together.
    void complain_rate();         // 45009-like: halves the rate
    void complain_concurrency();  // 45033-like: halves the concurrency, at least 1
    void park(std::int64_t ms);   // nothing goes until then
    RateLimits current() const;
    std::int64_t parked_ms() const;  // 0 = not parked

private:
    void refill() const;
    void recover(std::int64_t now) const;
    double burst() const;

    const Clock& clock_;
    const RateLimits configured_;
    // Guards all below, which is brought up to date lazily by whoever looks.
    mutable std::mutex mutex_;
    mutable RateLimits current_;
    mutable double concurrency_;  // current_.concurrency before it is cut to a whole number
    mutable double tokens_;
    mutable std::int64_t refilled_at_;
    mutable std::int64_t recovered_at_;
    int in_flight_ = 0;
    std::int64_t parked_until_ = 0;
    std::int64_t rate_complained_at_;
    std::int64_t concurrency_complained_at_;
};

}  // namespace leadbridge
