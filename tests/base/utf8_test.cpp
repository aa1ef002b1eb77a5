#include "base/utf8.h"

#include <gtest/gtest.h>

namespace leadbridge {
namespace {

TEST(Utf8, KnowsWellFormedFromIllFormed) {
    for (const char* good :
         {"", "a", "é", "中", "😀", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
        EXPECT_TRUE(is_utf8(good)) << good;
    }
    for (const char* wrong :
         {"\x80",
          "\xC0\xAF",
          "\xC1\xBF",
          "\xE0\x9F\xBF",
          "\xED\xA0\x80",
          "\xF0\x8F\xBF\xBF",
          "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80",
          "\xC3",
          "\xE4\xB8",
          "\xF0\x9F\x98",
          "\xC3\x28",
          "\xE4\x28\xAD",
          "\xFE"}) {
        EXPECT_FALSE(is_utf8(wrong));
        EXPECT_TRUE(is_utf8(repair_utf8(wrong)));
    }
}

TEST(Utf8, RepairKeepsWhatIsGood) {
    EXPECT_EQ(repair_utf8("a中\xffz"), "a中\xEF\xBF\xBDz");
    EXPECT_EQ(repair_utf8("中文"), "中文");
}

TEST(Utf8, PrefixSplitsNoCharacter) {
    EXPECT_EQ(utf8_prefix("中文", 6), "中文");
    EXPECT_EQ(utf8_prefix("中文", 5), "中");
    EXPECT_EQ(utf8_prefix("中文", 3), "中");
    EXPECT_EQ(utf8_prefix("中文", 2), "");
    EXPECT_EQ(utf8_prefix("abc", 0), "");
}

}  // namespace
}  // namespace leadbridge
