#include "base/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace leadbridge {
namespace {

using std::chrono::milliseconds;

TEST(WorkerPool, RunsEverythingSubmitted) {
    std::atomic<int> sum{0};
    {
        WorkerPool pool({"test", 4, 100'000, 0.25});
        std::vector<std::thread> callers;
        for (int t = 0; t < 4; ++t) {
            callers.emplace_back([&, t] {
                for (int i = 0; i < 5'000; ++i) {
                    const std::string key = i % 2 == 0 ? "" : "key" + std::to_string((i + t) % 7);
                    EXPECT_TRUE(pool.submit(key, [&] { ++sum; }));
                }
            });
        }
        for (auto& caller : callers) {
            caller.join();
        }
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (sum < 20'000 && std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(milliseconds(1));
        }
    }
    EXPECT_EQ(sum, 20'000);
}

TEST(WorkerPool, HoldsOneKeyToItsShareAndServesOthersMeanwhile) {
    std::promise<void> go;
    const auto gate = go.get_future().share();
    std::atomic<int> running{0};
    std::atomic<int> highest{0};
    WorkerPool pool({"test", 8, 1'000, 0.25});
    for (int i = 0; i < 50; ++i) {
        pool.submit("hog", [&] {
            const int now = ++running;
            int seen = highest;
            while (now > seen && !highest.compare_exchange_weak(seen, now)) {
            }
            gate.wait();
            --running;
        });
    }
    std::promise<void> served;
    pool.submit("other", [&] { served.set_value(); });
    EXPECT_EQ(served.get_future().wait_for(milliseconds(2'000)), std::future_status::ready);
    EXPECT_EQ(highest, 2);
    EXPECT_EQ(pool.waiting(), 48U);
    go.set_value();
    while (pool.waiting() > 0 || running > 0) {
        std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_EQ(highest, 2);
}

TEST(WorkerPool, GivesEveryKeyAtLeastOneThread) {
    WorkerPool pool({"test", 2, 10, 0.1});
    std::promise<void> ran;
    pool.submit("k", [&] { ran.set_value(); });
    EXPECT_EQ(ran.get_future().wait_for(milliseconds(2'000)), std::future_status::ready);
}

TEST(WorkerPool, StartsTheWorkOfOneKeyInOrder) {
    std::mutex mutex;
    std::map<int, std::vector<int>> order;
    std::atomic<int> done{0};
    WorkerPool pool({"test", 4, 10'000, 0.25});
    for (int i = 0; i < 4'000; ++i) {
        pool.submit("key" + std::to_string(i % 5), [&, i] {
            {
                const std::lock_guard lock(mutex);
                order[i % 5].push_back(i);
            }
            ++done;
        });
    }
    while (done < 4'000) {
        std::this_thread::sleep_for(milliseconds(1));
    }
    for (const auto& [key, list] : order) {
        EXPECT_TRUE(std::is_sorted(list.begin(), list.end())) << key;
    }
}

TEST(WorkerPool, TakesKeysInTurnSoThatALongQueueDoesNotStarveAShortOne) {
    std::promise<void> go;
    const auto gate = go.get_future().share();
    std::vector<std::string> order;
    std::atomic<bool> all{false};
    WorkerPool pool({"test", 1, 1'000, 1.0});
    pool.submit("first", [&] { gate.wait(); });
    for (int i = 0; i < 100; ++i) {
        pool.submit("long", [&] { order.emplace_back("long"); });
    }
    pool.submit("short", [&] { order.emplace_back("short"); });
    pool.submit("long", [&] { all = true; });
    go.set_value();
    while (!all) {
        std::this_thread::sleep_for(milliseconds(1));
    }
    const auto place = std::find(order.begin(), order.end(), "short") - order.begin();
    EXPECT_LE(place, 2);
}

TEST(WorkerPool, RefusesWorkWhenFullOrStopping) {
    std::promise<void> go;
    const auto gate = go.get_future().share();
    std::promise<void> started;
    WorkerPool pool({"test", 1, 2, 1.0});
    EXPECT_TRUE(pool.submit([&] {
        started.set_value();
        gate.wait();
    }));
    started.get_future().wait();
    EXPECT_TRUE(pool.submit([] {}));
    EXPECT_TRUE(pool.submit("k", [] {}));
    EXPECT_FALSE(pool.submit([] {}));
    EXPECT_FALSE(pool.submit("k", [] {}));
    go.set_value();
    pool.stop();
    EXPECT_FALSE(pool.submit([] {}));
}

TEST(WorkerPool, StopDropsWhatWaitsAndWaitsForWhatRuns) {
    std::atomic<bool> finished{false};
    std::atomic<int> others{0};
    std::promise<void> started;
    auto token = std::make_shared<int>(1);
    WorkerPool pool({"test", 1, 100, 1.0});
    pool.submit([&] {
        started.set_value();
        std::this_thread::sleep_for(milliseconds(100));
        finished = true;
    });
    started.get_future().wait();
    for (int i = 0; i < 10; ++i) {
        pool.submit([&, token] { ++others; });
    }
    pool.stop();
    EXPECT_TRUE(finished);
    EXPECT_EQ(others, 0);
    EXPECT_EQ(token.use_count(), 1);  // dropped work is destroyed
    pool.stop();
}

TEST(WorkerPool, SurvivesExceptions) {
    WorkerPool pool({"test", 1, 100, 0.5});
    pool.submit("k", [] { throw std::runtime_error("expected by the test"); });
    pool.submit("k", [] { throw 42; });
    std::promise<void> ran;
    pool.submit("k", [&] { ran.set_value(); });
    EXPECT_EQ(ran.get_future().wait_for(milliseconds(2'000)), std::future_status::ready);
}

}  // namespace
}  // namespace leadbridge
