#include "base/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace leadbridge {

namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t complaint_window_ms = 1'000;
constexpr std::int64_t slot_wait_ms = 20;  // a slot frees itself without notice: ask again soon
constexpr double recovery_per_minute = 0.1;

}  // namespace

RateLimiter::RateLimiter(const Clock& clock, RateLimits limits)
    : clock_(clock),
      configured_{std::max(limits.per_minute, 1.0), std::max(limits.concurrency, 1)},
      current_(configured_),
      concurrency_(configured_.concurrency),
      tokens_(0),
      refilled_at_(clock.steady_ms()),
      recovered_at_(refilled_at_),
      rate_complained_at_(refilled_at_ - complaint_window_ms),
      concurrency_complained_at_(rate_complained_at_) {
    tokens_ = burst();
}

// One second's worth. The bucket refills at per_minute - (burst - 1), so that a full bucket and a
// minute of refill together stay within per_minute.
double RateLimiter::burst() const {
    return std::max(1.0, current_.per_minute / 60.0);
}

std::int64_t RateLimiter::acquire() {
    const std::lock_guard lock(mutex_);
    refill();
    const std::int64_t now = clock_.steady_ms();
    if (now < parked_until_) {
        return parked_until_ - now;
    }
    if (in_flight_ >= current_.concurrency) {
        return slot_wait_ms;
    }
    if (tokens_ < 1.0) {
        const double per_ms =
            (current_.per_minute - (burst() - 1.0)) / static_cast<double>(minute_ms);
        return std::max<std::int64_t>(
            1, static_cast<std::int64_t>(std::ceil((1.0 - tokens_) / per_ms))
        );
    }
    tokens_ -= 1.0;
    ++in_flight_;
    return 0;
}

void RateLimiter::release() {
    const std::lock_guard lock(mutex_);
    in_flight_ = std::max(0, in_flight_ - 1);
}

void RateLimiter::complain_rate() {
    const std::lock_guard lock(mutex_);
    refill();
    const std::int64_t now = clock_.steady_ms();
    if (now - rate_complained_at_ < complaint_window_ms) {
        return;
    }
    rate_complained_at_ = now;
    recovered_at_ = now;
    current_.per_minute = std::max(1.0, current_.per_minute / 2.0);
    tokens_ = std::min(tokens_, burst());
}

void RateLimiter::complain_concurrency() {
    const std::lock_guard lock(mutex_);
    refill();
    const std::int64_t now = clock_.steady_ms();
    if (now - concurrency_complained_at_ < complaint_window_ms) {
        return;
    }
    concurrency_complained_at_ = now;
    recovered_at_ = now;
    concurrency_ = std::max(1.0, std::floor(concurrency_ / 2.0));
    current_.concurrency = static_cast<int>(concurrency_);
}

void RateLimiter::park(std::int64_t ms) {
    const std::lock_guard lock(mutex_);
    parked_until_ = std::max(parked_until_, clock_.steady_ms() + ms);
}

RateLimits RateLimiter::current() const {
    const std::lock_guard lock(mutex_);
    refill();
    return current_;
}

std::int64_t RateLimiter::parked_ms() const {
    const std::lock_guard lock(mutex_);
    return std::max<std::int64_t>(0, parked_until_ - clock_.steady_ms());
}

void RateLimiter::refill() const {
    const std::int64_t now = clock_.steady_ms();
    const double per_ms = (current_.per_minute - (burst() - 1.0)) / static_cast<double>(minute_ms);
    tokens_ = std::min(burst(), tokens_ + static_cast<double>(now - refilled_at_) * per_ms);
    refilled_at_ = now;
    recover(now);
}

void RateLimiter::recover(std::int64_t now) const {
    const std::int64_t minutes = (now - recovered_at_) / minute_ms;
    if (minutes <= 0) {
        return;
    }
    recovered_at_ += minutes * minute_ms;
    const double share = recovery_per_minute * static_cast<double>(minutes);
    current_.per_minute =
        std::min(configured_.per_minute, current_.per_minute + share * configured_.per_minute);
    // Tenths add up to 0.999...: the small addend keeps the whole number from being one short.
    concurrency_ = std::min(
        static_cast<double>(configured_.concurrency), concurrency_ + share * configured_.concurrency
    );
    current_.concurrency = static_cast<int>(concurrency_ + 1e-6);
}

}  // namespace leadbridge
