#include "base/rate_limiter.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/backoff.h"
#include "base/rng.h"

namespace leadbridge {
namespace {

// Asks again after as many ms as the limiter says and counts; calls take no time.
int calls_within(RateLimiter& limiter, ManualClock& clock, std::int64_t ms) {
    const auto end = clock.steady_ms() + ms;
    int calls = 0;
    while (clock.steady_ms() < end) {
        const auto wait = limiter.acquire();
        if (wait == 0) {
            limiter.release();
            ++calls;
        } else {
            clock.advance(wait);
        }
    }
    return calls;
}

TEST(RateLimiter, StaysWithinTheRateInEverySixtySeconds) {
    for (const double rate : {1.0, 7.0, 60.0, 100.0, 3'000.0}) {
        ManualClock clock;
        RateLimiter limiter(clock, {rate, 5});
        SeededRng rng(7);
        std::deque<std::int64_t> recent;
        int total = 0;
        const auto end = clock.steady_ms() + 600'000;
        while (clock.steady_ms() < end) {
            const auto wait = limiter.acquire();
            if (wait > 0) {
                // Now and then silence, so that the bucket fills up and a burst follows.
                clock.advance(wait + (rng.below(5'000) == 0 ? 20'000 : 0));
                continue;
            }
            limiter.release();
            ++total;
            recent.push_back(clock.steady_ms());
            while (recent.front() <= clock.steady_ms() - 60'000) {
                recent.pop_front();
            }
            ASSERT_LE(static_cast<double>(recent.size()), rate) << rate;
        }
        EXPECT_GE(total, 5 * rate) << rate;
    }
}

TEST(RateLimiter, UsesNearlyTheWholeRate) {
    ManualClock clock;
    RateLimiter limiter(clock, {600, 5});
    EXPECT_GE(calls_within(limiter, clock, 600'000), 5'800);
}

TEST(RateLimiter, HoldsConcurrency) {
    ManualClock clock;
    RateLimiter limiter(clock, {60'000, 2});
    EXPECT_EQ(limiter.acquire(), 0);
    EXPECT_EQ(limiter.acquire(), 0);
    EXPECT_GT(limiter.acquire(), 0);
    limiter.release();
    EXPECT_EQ(limiter.acquire(), 0);
    EXPECT_GT(limiter.acquire(), 0);
}

TEST(RateLimiter, SurplusReleasesGiveNoExtraSlots) {
    ManualClock clock;
    RateLimiter limiter(clock, {60'000, 1});
    limiter.release();
    limiter.release();
    EXPECT_EQ(limiter.acquire(), 0);
    EXPECT_GT(limiter.acquire(), 0);
}

TEST(RateLimiter, HalvesOnComplaintsAndRecoversInTenths) {
    ManualClock clock;
    RateLimiter limiter(clock, {1'000, 10});
    limiter.complain_rate();
    EXPECT_DOUBLE_EQ(limiter.current().per_minute, 500);
    limiter.complain_rate();  // calls in flight together complain together
    EXPECT_DOUBLE_EQ(limiter.current().per_minute, 500);
    clock.advance(1'000);
    limiter.complain_rate();
    EXPECT_DOUBLE_EQ(limiter.current().per_minute, 250);
    limiter.complain_concurrency();
    EXPECT_EQ(limiter.current().concurrency, 5);
    clock.advance(59'999);
    EXPECT_DOUBLE_EQ(limiter.current().per_minute, 250);
    clock.advance(1);
    EXPECT_DOUBLE_EQ(limiter.current().per_minute, 350);
    EXPECT_EQ(limiter.current().concurrency, 6);
    clock.advance(3'600'000);
    EXPECT_DOUBLE_EQ(limiter.current().per_minute, 1'000);
    EXPECT_EQ(limiter.current().concurrency, 10);
}

TEST(RateLimiter, NeverFallsToZero) {
    ManualClock clock;
    RateLimiter limiter(clock, {4, 3});
    for (int i = 0; i < 20; ++i) {
        limiter.complain_rate();
        limiter.complain_concurrency();
        clock.advance(1'000);
    }
    EXPECT_DOUBLE_EQ(limiter.current().per_minute, 1);
    EXPECT_EQ(limiter.current().concurrency, 1);
    RateLimiter silly(clock, {0, 0});
    EXPECT_EQ(silly.acquire(), 0);
}

TEST(RateLimiter, Parks) {
    ManualClock clock;
    RateLimiter limiter(clock, {});
    limiter.park(5'000);
    limiter.park(1'000);  // the longer one counts
    EXPECT_EQ(limiter.parked_ms(), 5'000);
    EXPECT_EQ(limiter.acquire(), 5'000);
    clock.advance(4'999);
    EXPECT_EQ(limiter.acquire(), 1);
    clock.advance(1);
    EXPECT_EQ(limiter.parked_ms(), 0);
    EXPECT_EQ(limiter.acquire(), 0);
}

TEST(RateLimiter, StepsOfTheWallClockChangeNothing) {
    ManualClock clock;
    RateLimiter limiter(clock, {60, 5});
    EXPECT_EQ(limiter.acquire(), 0);
    limiter.release();
    clock.set(clock.now() + 86'400'000);
    EXPECT_GT(limiter.acquire(), 0);
    clock.set(0);
    clock.advance(1'000);
    EXPECT_EQ(limiter.acquire(), 0);
}

TEST(Backoff, DoublesToItsCapWithJitter) {
    SeededRng rng(1);
    const Backoff exact{500, 60'000, 0};
    EXPECT_EQ(exact.delay_ms(1, rng), 500);
    EXPECT_EQ(exact.delay_ms(2, rng), 1'000);
    EXPECT_EQ(exact.delay_ms(7, rng), 32'000);
    EXPECT_EQ(exact.delay_ms(8, rng), 60'000);
    EXPECT_EQ(exact.delay_ms(1'000'000, rng), 60'000);
    EXPECT_EQ(exact.delay_ms(0, rng), 500);
    const Backoff jittery{1'000, 60'000, 0.3};
    std::int64_t low = 1'000;
    std::int64_t high = 1'000;
    for (int i = 0; i < 2'000; ++i) {
        const auto delay = jittery.delay_ms(1, rng);
        low = std::min(low, delay);
        high = std::max(high, delay);
    }
    EXPECT_GE(low, 700);
    EXPECT_LE(high, 1'300);
    EXPECT_LT(low, 750);
    EXPECT_GT(high, 1'250);
}

}  // namespace
}  // namespace leadbridge
