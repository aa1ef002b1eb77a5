#include "archive/signals.h"

#include <gtest/gtest.h>

namespace leadbridge::archive {
namespace {

using Signals = std::vector<std::string>;

TEST(Signals, Questions) {
    for (const char* text :
         {"多少钱？",
          "这个有货吗",
          "有优惠吗 谢谢",
          "什么时候发货呢。",
          "请问在吗",
          "how much is it",
          "可以便宜一点吗？！",
          "价格多少"}) {
        EXPECT_TRUE(is_question(text)) << text;
    }
    for (const char* text : {"", "好的", "收到，谢谢", "我想要红色的", "?a"}) {
        EXPECT_FALSE(is_question(text)) << text;
    }
}

TEST(Signals, Promises) {
    for (const char* text :
         {"明天给您报价", "稍后发您资料", "下午给你答复", "我马上联系您", "周五安排发货"}) {
        EXPECT_TRUE(is_promise(text)) << text;
    }
    for (const char* text :
         {"给您说过了", "明天天气好", "", "报价单明天", "明天给您送过去可以吗"}) {
        EXPECT_FALSE(is_promise(text)) << text;
    }
}

TEST(Signals, AskedIsTheContactsLastText) {
    const Said q{Side::contact, "多少钱？"};
    const Said thanks{Side::contact, "不用了"};
    EXPECT_EQ(signals_of(std::vector{q}, ContactWaiting::no), Signals{"asked"});
    EXPECT_EQ(signals_of(std::vector{q, thanks}, ContactWaiting::no), Signals{});
    // A picture behind the question does not take it back.
    EXPECT_EQ(
        signals_of(std::vector{q, Said{Side::contact, ""}}, ContactWaiting::no), Signals{"asked"}
    );
}

TEST(Signals, AnsweredNeedsSomebodyWhoWaited) {
    const Said member{Side::member, "您好"};
    EXPECT_EQ(signals_of(std::vector{member}, ContactWaiting::no), Signals{});
    EXPECT_EQ(signals_of(std::vector{member}, ContactWaiting::yes), Signals{"answered"});
    EXPECT_EQ(
        signals_of(std::vector{Said{Side::contact, "在"}, member}, ContactWaiting::no),
        Signals{"answered"}
    );
    EXPECT_EQ(signals_of(std::vector{Said{Side::bot, "自动回复"}}, ContactWaiting::yes), Signals{});
}

TEST(Signals, AContactDoesNotPromise) {
    EXPECT_EQ(
        signals_of(std::vector{Said{Side::contact, "明天给您打款"}}, ContactWaiting::no), Signals{}
    );
    EXPECT_EQ(
        signals_of(std::vector{Said{Side::member, "明天给您报价"}}, ContactWaiting::no),
        Signals{"promised"}
    );
}

}  // namespace
}  // namespace leadbridge::archive
