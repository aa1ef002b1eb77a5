#include "base/secret.h"

#include <gtest/gtest.h>

#include <memory>
#include <type_traits>

namespace leadbridge {
namespace {

TEST(Secret, RevealsOnlyWhenAsked) {
    const Secret secret{"hunter2"};
    EXPECT_EQ(secret.reveal(), "hunter2");
    EXPECT_FALSE((std::is_convertible_v<Secret, std::string>));
    EXPECT_FALSE((std::is_convertible_v<std::string, Secret>));
}

TEST(Secret, ComparesWholeValues) {
    const Secret secret{"hunter2"};
    EXPECT_TRUE(secret.equals("hunter2"));
    EXPECT_FALSE(secret.equals("hunter"));
    EXPECT_FALSE(secret.equals("hunter22"));
    EXPECT_FALSE(secret.equals(""));
    EXPECT_TRUE(Secret{}.equals(""));
}

TEST(Secret, LeavesNothingBehindWhenMoved) {
    Secret from{"short"};
    const char* place = from.reveal().data();
    const Secret to = std::move(from);
    EXPECT_EQ(to.reveal(), "short");
    EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_EQ(std::string_view(place, 5), std::string_view("\0\0\0\0\0", 5));
}

TEST(Secret, AssignsAndSurvivesSelfAssignment) {
    Secret a{"one"};
    const Secret b{"a value too long to stand inside the string object itself"};
    a = b;
    EXPECT_EQ(a.reveal(), b.reveal());
    Secret& same = a;
    a = same;
    EXPECT_EQ(a.reveal(), b.reveal());
    a = std::move(same);
    EXPECT_EQ(a.reveal(), b.reveal());
    a = Secret{"two"};
    EXPECT_EQ(a.reveal(), "two");
}

}  // namespace
}  // namespace leadbridge
