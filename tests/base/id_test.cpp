#include "base/id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <vector>

#include "base/clock.h"

namespace leadbridge {
namespace {

TEST(Id, ParsesOnlyCanonicalPositiveDecimals) {
    EXPECT_EQ(parse_id("1"), 1);
    EXPECT_EQ(parse_id("9223372036854775807"), INT64_MAX);
    for (const char* wrong :
         {"", "0", "-1", "+1", "01", " 1", "1 ", "1a", "0x1", "9223372036854775808", "1.0", "１"}) {
        EXPECT_EQ(parse_id(wrong), std::nullopt) << wrong;
    }
    EXPECT_EQ(parse_id(std::string_view("1\0", 2)), std::nullopt);
    EXPECT_EQ(parse_id_as<CorpId>("42"), CorpId{42});
}

TEST(IdSource, NamesItsMillisecondAndNode) {
    const ManualClock clock(1'800'000'000'123);
    IdSource ids(clock, 5);
    const std::int64_t id = ids.next();
    EXPECT_EQ(id_time_ms(id), 1'800'000'000'123);
    EXPECT_EQ(id >> 12 & 1023, 5);
    EXPECT_GT(id, 0);
}

TEST(IdSource, GrowsThoughTheClockStandsOrStepsBack) {
    ManualClock clock;
    IdSource ids(clock, 0);
    std::int64_t last = 0;
    for (int i = 0; i < 20'000; ++i) {  // more than a millisecond's counter holds
        const std::int64_t id = ids.next();
        ASSERT_GT(id, last);
        last = id;
    }
    clock.set(clock.now() - 3'600'000);
    EXPECT_GT(ids.next(), last);
    clock.set(0);
    last = ids.next();
    EXPECT_GT(last, 0);
    clock.set(1'900'000'000'000);
    EXPECT_EQ(id_time_ms(ids.next()), 1'900'000'000'000);
}

TEST(IdSource, NeverRepeatsAcrossThreads) {
    const SystemClock clock;
    IdSource ids(clock, 1023);
    std::vector<std::future<std::vector<std::int64_t>>> parts;
    for (int t = 0; t < 4; ++t) {
        parts.push_back(std::async(std::launch::async, [&ids] {
            std::vector<std::int64_t> mine(10'000);
            std::generate(mine.begin(), mine.end(), [&ids] { return ids.next(); });
            return mine;
        }));
    }
    std::vector<std::int64_t> all;
    for (auto& part : parts) {
        const auto mine = part.get();
        EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
        all.insert(all.end(), mine.begin(), mine.end());
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

}  // namespace
}  // namespace leadbridge
