#include "base/text_fold.h"

#include <gtest/gtest.h>

namespace leadbridge {
namespace {

std::string folded(std::string_view text, std::size_t most = 1'000) {
    std::string out;
    for (const FoldedChar& c : fold_text(text, most)) {
        if (c.kind == CharKind::separator) {
            out += '|';
        } else {
            append_utf8(out, c.c);
        }
    }
    return out;
}

TEST(TextFold, WidthCaseAndCompatibilityFormsAreOne) {
    EXPECT_EQ(folded("ＡＢＣ１２３"), "abc123");
    EXPECT_EQ(folded("Hello WORLD"), "hello|world");
    EXPECT_EQ(folded("ﾌﾞﾗﾝﾄﾞ"), "ブランド");
    EXPECT_EQ(folded("①㎡½"), "1m21⁄2");
    EXPECT_EQ(folded("ÅNGSTRÖM"), folded("A\u030Angstro\u0308m"));
    EXPECT_EQ(folded("報價，單！"), "報價|單|");
}

TEST(TextFold, WhatNobodySeesIsLeftOut) {
    EXPECT_EQ(folded("微\u200B信\uFE0F\u00ADab"), "微信ab");
}

TEST(TextFold, PlacesAreCharactersOfTheOriginal) {
    const auto chars = fold_text("e\u0301Ａ㎡中", 100);
    ASSERT_EQ(chars.size(), 5U);  // é a m 2 中
    EXPECT_EQ(chars[0].at, 0U);
    EXPECT_EQ(chars[1].at, 2U);
    EXPECT_EQ(chars[2].at, 3U);
    EXPECT_EQ(chars[3].at, 3U);
    EXPECT_EQ(chars[4].at, 4U);
}

TEST(TextFold, KindsTellHowACharacterIsSearched) {
    const auto chars = fold_text("中かハ한b7é👍￥ ,。\n", 100);
    std::vector<CharKind> kinds;
    for (const FoldedChar& c : chars) {
        kinds.push_back(c.kind);
    }
    using enum CharKind;
    EXPECT_EQ(
        kinds,
        (std::vector<CharKind>{
            ideograph,
            ideograph,
            ideograph,
            ideograph,
            letter,
            digit,
            letter,
            symbol,
            symbol,
            separator,
            separator,
            separator,
            separator})
    );
}

TEST(TextFold, IllFormedBytesSeparate) {
    EXPECT_EQ(
        folded("ab\xFF\xC3"
               "cd"),
        "ab||cd"
    );
    EXPECT_EQ(folded("\xE4\xB8"), "||");
}

TEST(TextFold, NoMoreThanAsked) {
    EXPECT_EQ(folded("一二三四", 2), "一二");
}

}  // namespace
}  // namespace leadbridge
