#include "connectors/wecom/welcome_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "base/clock.h"

namespace leadbridge::wecom {
namespace {

TEST(WelcomePool, a_corp_known_to_hang_gets_one_thread) {
    ManualClock clock;
    WelcomePool pool(clock, {.threads = 4, .max_threads = 8, .max_per_corp = 4});
    const CorpId slow{1};
    pool.report(slow, WelcomePool::Pace::slow);
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::atomic<int> ran{0};
    for (int i = 0; i < 10; ++i) {
        pool.submit(slow, [&] {
            const int now = ++inside;
            most = std::max(most.load(), now);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            --inside;
            ++ran;
        });
    }
    for (int i = 0; i < 1'000 && ran < 10; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(ran, 10);
    EXPECT_EQ(most, 1);
}

TEST(WelcomePool, delayed_work_waits_for_the_clock) {
    ManualClock clock;
    WelcomePool pool(clock, {});
    std::atomic<bool> ran{false};
    pool.submit_after(CorpId{1}, 500, [&] { ran = true; });
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    EXPECT_FALSE(ran);
    clock.advance(500);
    for (int i = 0; i < 500 && !ran; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_TRUE(ran);
}

TEST(WelcomePool, is_bounded_and_stops) {
    ManualClock clock;
    WelcomePool pool(clock, {.threads = 1, .max_threads = 1, .max_waiting = 2});
    std::atomic<bool> go{false};
    std::atomic<bool> inside{false};
    pool.submit(CorpId{1}, [&] {
        inside = true;
        while (!go) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    while (!inside) {
        std::this_thread::yield();
    }
    EXPECT_TRUE(pool.submit(CorpId{1}, [] {}));
    EXPECT_TRUE(pool.submit(CorpId{2}, [] {}));
    EXPECT_FALSE(pool.submit(CorpId{3}, [] {}));
    go = true;
    pool.stop();
    EXPECT_FALSE(pool.submit(CorpId{1}, [] {}));
}

}  // namespace
}  // namespace leadbridge::wecom
