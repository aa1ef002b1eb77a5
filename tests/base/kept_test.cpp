// Figures kept between looks: those of now while they cost nothing, for a share of a core when they
// cost much, one making at a time, and no more of them than was said.

#include "base/kept.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/base/temp_database.h"

namespace leadbridge {
namespace {

class KeptTest : public testing::Test {
protected:
    // What it costs to make a figure is what the clock moves on meanwhile.
    int look(int key, std::int64_t takes_ms = 0) {
        auto got = kept.of(key, [&] {
            ++made;
            store.clock.advance(takes_ms);
            return Result<int>(made);
        });
        return **got;
    }

    void change() {
        auto done = store.db().write<int>([](Transaction& tx) -> Result<int> {
            tx.changed({CorpId{1}, "note", 1, "changed"});
            return 0;
        });
        ASSERT_TRUE(done.has_value());
    }

    TempDatabase store;
    Kept<int, int> kept{store.db(), store.clock, 3};
    int made = 0;
};

TEST_F(KeptTest, WhatCostsNothingIsAlwaysThatOfNow) {
    EXPECT_EQ(look(1), 1);
    EXPECT_EQ(look(1), 1) << "nothing changed";
    change();
    EXPECT_EQ(look(1), 2);
    change();
    EXPECT_EQ(look(1, 1), 3) << "a tick of the clock is no time";
    change();
    EXPECT_EQ(look(1), 4);
}

TEST_F(KeptTest, WhatCostMuchIsKeptFiftyTimesAsLong) {
    EXPECT_EQ(look(1, 100), 1);
    change();
    store.clock.advance(4'999);
    EXPECT_EQ(look(1, 100), 1);
    store.clock.advance(1);
    EXPECT_EQ(look(1, 100), 2);
    store.clock.advance(100'000'000);
    EXPECT_EQ(look(1, 100), 2) << "nothing changed";
}

TEST_F(KeptTest, EachKeyHasItsOwnAndTheOldestLookIsForgotten) {
    EXPECT_EQ(look(1), 1);
    EXPECT_EQ(look(2), 2);
    EXPECT_EQ(look(3), 3);
    EXPECT_EQ(look(1), 1);
    EXPECT_EQ(look(4), 4);
    EXPECT_EQ(kept.size(), 3U);
    EXPECT_EQ(look(1), 1);
    EXPECT_EQ(look(2), 5) << "its look was the oldest";
}

TEST_F(KeptTest, AFailureIsNotKept) {
    const auto failed = kept.of(1, [] {
        return Result<int>(Error{ErrorCode::overloaded, "full"});
    });
    EXPECT_FALSE(failed.has_value());
    EXPECT_EQ(look(1), 1);
}

TEST_F(KeptTest, ManyWhoComeAtOnceWaitForOneMaking) {
    std::atomic<int> makings = 0;
    std::vector<std::thread> people;
    people.reserve(8);
    for (int i = 0; i < 8; ++i) {
        people.emplace_back([&] {
            const auto got = kept.of(1, [&] {
                ++makings;
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
                return Result<int>(7);
            });
            EXPECT_EQ(**got, 7);
        });
    }
    for (std::thread& one : people) {
        one.join();
    }
    EXPECT_EQ(makings, 1);
}

}  // namespace
}  // namespace leadbridge
