#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace leadbridge {
namespace {

TEST(Result, HoldsAValueOrAnError) {
    const Result<int> good = 7;
    EXPECT_TRUE(good);
    EXPECT_EQ(*good, 7);
    const Result<int> wrong = Error{ErrorCode::stale, "changed meanwhile", "stale_tag"};
    EXPECT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::stale);
    EXPECT_EQ(wrong.error().reason, "stale_tag");
    EXPECT_EQ(wrong.value_or(3), 3);
}

TEST(Result, CarriesMoveOnlyValues) {
    Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
    const std::unique_ptr<int> taken = *std::move(result);
    EXPECT_EQ(*taken, 5);
}

TEST(Result, StatusIsGoodUntilAnErrorIsGiven) {
    Status status;
    EXPECT_TRUE(status);
    status = Error{ErrorCode::conflict, "no"};
    EXPECT_FALSE(status);
    EXPECT_EQ(status.error().message, "no");
}

TEST(Result, EveryCodeHasAWordOfItsOwn) {
    std::set<std::string_view> words;
    for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
        words.insert(to_string(static_cast<ErrorCode>(code)));
    }
    EXPECT_EQ(words.size(), static_cast<std::size_t>(ErrorCode::internal) + 1);
}

}  // namespace
}  // namespace leadbridge
