#include "archive/search_words.h"

#include <gtest/gtest.h>

#include "archive/message.h"
#include "archive/search_document.h"
#include "archive/search_text.h"

namespace leadbridge::archive {
namespace {

std::string joined(const std::vector<std::string>& list) {
    std::string out;
    for (const std::string& item : list) {
        out += out.empty() ? item : " " + item;
    }
    return out;
}

struct TokenCase {
    const char* text;
    const char* indexed;  // sorted
    const char* asked;
};

// 1 = a single character, 2 = a pair, w = a word or number.
constexpr TokenCase token_table[] = {
    {"", "", ""},
    {"好", "1好", "1好"},
    {"你好", "1你 1好 2你好", "2你好"},
    {"报价单", "1价 1单 1报 2价单 2报价", "2价单 2报价"},
    {"你好,世界", "1世 1你 1好 1界 2世界 2你好", "2世界 2你好"},
    {"Hello World", "whello wworld", "whello wworld"},
    {"iPhone15Pro", "w15 wiphone wpro", "w15 wiphone wpro"},
    {"13800000000", "w13800000000", "w13800000000"},
    {"a4纸", "1纸 w4 wa", "1纸 w4 wa"},
    {"用A4纸", "1用 1纸 w4 wa", "1用 1纸 w4 wa"},
    {"ＶＩＰ客户", "1客 1户 2客户 wvip", "2客户 wvip"},
    {"好👍好", "1好 1👍", "1好 1👍"},
    {"👍👍", "1👍", "1👍"},
    {"哈哈哈", "1哈 2哈哈", "2哈哈"},
    {"かな", "1か 1な 2かな", "2かな"},
    {"안녕", "1녕 1안 2안녕", "2안녕"},
    {"привет", "wпривет", "wпривет"},
    {"...!?", "", ""},
};

TEST(SearchWords, TokensOfATable) {
    for (const TokenCase& c : token_table) {
        EXPECT_EQ(joined(tokens_of(units_of(c.text), Singles::all)), c.indexed) << c.text;
        EXPECT_EQ(joined(tokens_of(units_of(c.text), Singles::lonely)), c.asked) << c.text;
    }
}

// Whatever a text holds is found by the tokens asked for.
TEST(SearchWords, AskedTokensAreIndexedOnes) {
    for (const TokenCase& c : token_table) {
        const auto indexed = tokens_of(units_of(std::string("前") + c.text + "后x9"), Singles::all);
        for (const std::string& token : tokens_of(units_of(c.text), Singles::lonely)) {
            EXPECT_NE(std::find(indexed.begin(), indexed.end(), token), indexed.end())
                << c.text << " " << token;
        }
    }
}

std::string marked(const std::string& text, const std::string& q) {
    const auto terms = parse_question(q);
    if (!terms) {
        return terms.error().reason;
    }
    std::string out;
    for (const TextSpan& span : match(units_of(text), *terms)) {
        out += std::to_string(span.first) + "+" + std::to_string(span.length) + " ";
    }
    return out;
}

TEST(SearchWords, WordsAreFoundInAnyOrderAndMarked) {
    EXPECT_EQ(marked("明天给您报价单", "报价"), "4+2 ");
    EXPECT_EQ(marked("明天给您报价单", "报价 明天"), "0+2 4+2 ");
    EXPECT_EQ(marked("明天给您报价单", "报价　合同"), "") << "all of them";
    EXPECT_EQ(marked("哈哈哈", "哈哈"), "0+3 ");
    EXPECT_EQ(marked("Price: 100 YUAN", "yuan 100"), "7+3 11+4 ");
    EXPECT_EQ(marked("prices", "price"), "") << "whole words";
}

TEST(SearchWords, WhatTouchesInTheQuestionTouchesInTheText) {
    EXPECT_EQ(marked("你好，世界", "你好世界"), "");
    EXPECT_EQ(marked("你好，世界", "你好,世界"), "0+5 ");
    EXPECT_EQ(marked("你好世界", "你好,世界"), "0+4 ");
    EXPECT_EQ(marked("iphone 15", "iphone15"), "");
    EXPECT_EQ(marked("买iPhone15", "iphone15"), "1+8 ");
}

TEST(SearchWords, APhraseStaysTogether) {
    EXPECT_EQ(marked("see you soon, thank you", "\"thank you\""), "14+9 ");
    EXPECT_EQ(marked("you thank", "\"thank you\""), "");
    EXPECT_EQ(marked("you thank", "thank you"), "0+3 4+5 ");
    EXPECT_EQ(marked("合同 已签", "“合同 已签”"), "0+5 ");
    EXPECT_EQ(marked("合同已签", "“合同 已签”"), "0+4 ");
    EXPECT_EQ(marked("a b", "\"a b"), "0+3 ") << "an open quote ends with the question";
}

TEST(SearchWords, QuestionsWithNothingToFindAreRefused) {
    EXPECT_EQ(marked("a", "..."), "nothing_to_find");
    EXPECT_EQ(marked("a", std::string(501, 'a')), "too_long");
    std::string many;
    for (int i = 0; i < 21; ++i) {
        many += std::to_string(i) + " ";
    }
    EXPECT_EQ(marked("a", many), "too_many_words");
    EXPECT_TRUE(parse_question("   ")->empty());
}

std::string text_of_json(const std::string& type, const std::string& body) {
    const auto message = parse_message(
        R"({"msgid":"m","action":"send","from":"zhang.san","tolist":["li.si"],"msgtime":1,"msgtype":")" +
        type + "\"," + body + "}"
    );
    return message ? search_text_of(*message) : message.error().message;
}

TEST(SearchText, EveryTypeGivesItsWords) {
    const std::vector<std::array<const char*, 3>> table{
        {"text", R"("text":{"content":"正文"})", "正文"},
        {"link", R"("link":{"title":"标题","description":"描述","link_url":"u"})", "标题\n描述"},
        {"file", R"("file":{"filename":"报价单.pdf","sdkfileid":"x"})", "报价单.pdf"},
        {"weapp",
         R"("weapp":{"title":"页","description":"述","displayname":"小程序名"})",
         "小程序名\n页\n述"},
        {"vote", R"("vote":{"votetitle":"投","voteitem":["甲","乙"]})", "投\n甲\n乙"},
        {"collect",
         R"("collect":{"title":"表","room_name":"群","details":[{"ques":"问一"}]})",
         "表\n群\n问一"},
        {"meeting", R"("meeting":{"topic":"题","address":"址","remarks":"备"})", "题\n址\n备"},
        {"calendar", R"("calendar":{"title":"程","place":"处","remarks":"注"})", "程\n处\n注"},
        {"docmsg", R"("doc":{"title":"文档"})", "文档"},
        {"news",
         R"("info":{"item":[{"title":"甲","description":"一"},{"title":"乙"}]})",
         "甲\n一\n乙"},
        {"qydiskfile", R"("info":{"filename":"盘.xlsx"})", "盘.xlsx"},
        {"redpacket", R"("redpacket":{"wish":"恭喜"})", "恭喜"},
        {"location", R"("location":{"title":"楼","address":"路"})", "楼\n路"},
        {"sphfeed", R"("sphfeed":{"feed_type":4,"sph_name":"号","feed_desc":"片"})", "号\n片"},
        {"emotion", R"("emotion":{"type":1,"sdkfileid":"x"})", ""},
        {"mystery", R"("mystery":{"text":"谜"})", ""},
    };
    for (const auto& [type, body, text] : table) {
        EXPECT_EQ(text_of_json(type, body), text) << type;
    }
}

TEST(SearchText, NestedRecordsAreSearchedToo) {
    const std::string inner =
        R"({\"item\":[{\"type\":\"ChatRecordText\",\"content\":\"{\\\"content\\\":\\\"深处\\\"}\"}]})";
    const std::string text = text_of_json(
        "chatrecord",
        R"("chatrecord":{"title":"记录","item":[{"type":"ChatRecordText","content":"{\"content\":\"表面\"}"},)"
        R"({"type":"chatrecord","content":")" +
            inner + R"("}]})"
    );
    EXPECT_NE(text.find("记录\n"), std::string::npos) << text;
    EXPECT_NE(text.find("表面"), std::string::npos) << text;
    EXPECT_NE(text.find("深处"), std::string::npos) << text;
}

TEST(SearchKeys, TokensAreKeyedAndTellNothing) {
    SearchKeys a(Secret(std::string(32, 'a')));
    SearchKeys b(Secret(std::string(32, 'b')));
    SearchKeys few(Secret(std::string(32, 'a')), 100);
    EXPECT_EQ(a.token("2你好").size(), 13U);
    EXPECT_EQ(a.token("1你").size(), 7U);
    EXPECT_EQ(a.token("2你好"), a.token("2你好"));
    EXPECT_NE(a.token("2你好"), b.token("2你好"));
    EXPECT_NE(a.name(), b.name());
    for (int i = 0; i < 2'000; ++i) {  // more than may share a place
        const std::string plain = "w" + std::to_string(i % 1'000);
        EXPECT_EQ(few.token(plain), a.token(plain));
    }
}

}  // namespace
}  // namespace leadbridge::archive
