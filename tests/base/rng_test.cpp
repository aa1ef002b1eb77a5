#include "base/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace leadbridge {
namespace {

TEST(Rng, SeededRepeatsAndSeedsDiffer) {
    SeededRng a(1);
    SeededRng b(1);
    SeededRng c(2);
    const std::string first = a.bytes(33);
    EXPECT_EQ(first, b.bytes(33));
    EXPECT_NE(first, c.bytes(33));
    EXPECT_NE(first, a.bytes(33));
}

TEST(Rng, BelowIsUniformAndInside) {
    SeededRng rng(7);
    std::array<int, 6> counts{};
    for (int i = 0; i < 60'000; ++i) {
        ++counts.at(rng.below(6));
    }
    for (const int count : counts) {
        EXPECT_NEAR(count, 10'000, 500);
    }
    EXPECT_EQ(rng.below(1), 0U);
    // With this bound a plain remainder would give the lower half twice as often.
    constexpr std::uint64_t bound = 3ULL << 62;
    int low = 0;
    for (int i = 0; i < 3000; ++i) {
        const std::uint64_t value = rng.below(bound);
        ASSERT_LT(value, bound);
        low += value < bound / 3 ? 1 : 0;
    }
    EXPECT_NEAR(low, 1000, 150);
}

TEST(Rng, UnitStaysBelowOne) {
    SeededRng rng(3);
    double sum = 0;
    for (int i = 0; i < 10'000; ++i) {
        const double value = rng.unit();
        ASSERT_GE(value, 0);
        ASSERT_LT(value, 1);
        sum += value;
    }
    EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(Rng, TokensAreBase32AndDistinct) {
    SystemRng rng;
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string token = rng.token(26);
        EXPECT_EQ(token.size(), 26U);
        EXPECT_EQ(token.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos);
        EXPECT_TRUE(seen.insert(token).second);
    }
    EXPECT_EQ(rng.token(0), "");
    EXPECT_EQ(rng.bytes(100'000).size(), 100'000U);
}

}  // namespace
}  // namespace leadbridge
