#include "archive/message.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "archive/conversation.h"
#include "archive/media_detail.h"
#include "base/json.h"

namespace leadbridge::archive {
namespace {

json::value samples() {
    std::ifstream file(std::string(LEADBRIDGE_TEST_DATA) + "/archive_messages.json");
    std::stringstream text;
    text << file.rdbuf();
    return parse_json(text.str()).value();
}

TEST(Message, EveryTypeOfThePageIsTypedAndReadable) {
    std::set<std::string> seen;
    const json::value all = samples();
    for (const json::value& value : all.at("messages").as_array()) {
        const json::object& sample = value.as_object();
        const std::string type = json_string(sample, "type");
        SCOPED_TRACE(type);
        const auto message = parse_message(to_text(sample.at("message")));
        ASSERT_TRUE(message.has_value());
        EXPECT_EQ(message->type, type);
        EXPECT_GT(message->at_ms, 1'760'000'000'000);
        EXPECT_EQ(summary_of(*message), json_string(sample, "summary"));
        EXPECT_EQ(text_of(*message), json_string(sample, "text"));
        const auto media = media_of(*message);
        const json::array& kinds = *json_array(sample, "media");
        ASSERT_EQ(media.size(), kinds.size());
        for (std::size_t i = 0; i < media.size(); ++i) {
            EXPECT_EQ(media[i].kind, kinds[i].as_string());
            EXPECT_TRUE(media[i].fileid.starts_with("FILE-"));
        }
        EXPECT_EQ(std::holds_alternative<UnknownBody>(message->body), type == "笔记");
        const auto content = parse_json(content_json(*message));
        ASSERT_TRUE(content.has_value());
        EXPECT_EQ(content_json(*message).find("FILE-"), std::string::npos);  // file ids stay inside
        EXPECT_EQ(*content, sample.at("content"));  // what the console makes its bubbles of
        seen.insert(type);
    }
    EXPECT_GE(seen.size(), 32U);
}

template <class B>
B body_of(const std::string& type, const std::string& key, const std::string& body) {
    const auto message = parse_message(
        R"({"msgid":"m","action":"send","from":"a","tolist":["b"],"msgtime":1,"msgtype":")" + type +
        R"(",")" + key + R"(":)" + body + "}"
    );
    return std::get<B>(message.value().body);
}

TEST(Message, NumbersBeyondDoublesStayWhole) {
    EXPECT_EQ(
        body_of<MeetingBody>("meeting", "meeting", R"({"meetingid":9223372036854775807})")
            .meeting_id,
        "9223372036854775807"
    );
}

TEST(Message, FieldNamesMatchWithoutCase) {
    EXPECT_EQ(body_of<CardBody>("card", "card", R"({"CorpName":"x","UserId":"y"})").userid, "y");
}

TEST(Message, MediaFieldsAreBroughtIntoShape) {
    const auto image =
        body_of<ImageBody>(
            "image", "image", R"({"md5sum":"ABCDEF","filesize":"123","sdkfileid":"f"})"
        )
            .media;
    EXPECT_EQ(image.md5, "abcdef");
    EXPECT_EQ(image.size, 123);
    EXPECT_EQ(body_of<ImageBody>("image", "image", R"({"filesize":-5})").media.size, 0);
}

TEST(Message, OddShapesAreReadAsAbsent) {
    EXPECT_EQ(body_of<TextBody>("text", "text", R"({"content":{"a":1}})").content, "");
    const auto message =
        parse_message(R"({"msgtype":"text","text":7,"tolist":"nobody","from":[1],"msgtime":"12"})");
    ASSERT_TRUE(message.has_value());
    EXPECT_TRUE(std::holds_alternative<UnknownBody>(message->body));
    EXPECT_TRUE(message->to.empty());
    EXPECT_EQ(message->at_ms, 12);
}

TEST(Message, OnlyAnObjectIsAMessage) {
    EXPECT_FALSE(parse_message("").has_value());
    EXPECT_FALSE(parse_message("[]").has_value());
    EXPECT_FALSE(parse_message("{").has_value());
    EXPECT_FALSE(parse_message(R"({"a":1} trailing)").has_value());
    EXPECT_FALSE(parse_message(std::string(100'000, '[')).has_value());
    EXPECT_TRUE(parse_message("{}").has_value());
}

TEST(Message, InvalidUtf8IsRepairedNotLost) {
    const auto message =
        parse_message("{\"msgid\":\"m\",\"msgtype\":\"text\",\"text\":{\"content\":\"a\xFFz\"}}");
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(text_of(*message), "a\xEF\xBF\xBDz");
}

TEST(Message, ADeepChatRecordStops) {
    std::string inner = R"({"content":"x"})";
    for (int i = 0; i < 12; ++i) {
        const json::object wrapped{
            {"item", json::array{json::object{{"type", "ChatRecordMixed"}, {"content", inner}}}}};
        inner = to_text(wrapped);
    }
    const json::object root{
        {"msgid", "m"}, {"msgtype", "chatrecord"}, {"chatrecord", parse_json(inner).value()}};
    const auto message = parse_message(to_text(root));
    ASSERT_TRUE(message.has_value());
    EXPECT_LE(std::get<ChatRecordBody>(message->body).parts.size(), 6U);
}

TEST(Message, APartSaysItsPlaceAndItsFile) {
    const json::object record{
        {"item",
         json::array{
             json::object{{"type", "ChatRecordFile"}, {"content", R"({"filename":"a.pdf"})"}},
             json::object{
                 {"type", "ChatRecordMixed"},
                 {"content", R"({"item":[{"type":"image","content":{"sdkfileid":"f"}}]})"}},
             json::object{
                 {"type", "ChatRecordLink"},
                 {"content", R"({"title":"t","description":"d","link_url":"https://e.example"})"}},
             json::object{
                 {"type", "ChatRecordLocation"},
                 {"content", R"({"title":"t","address":"样例路1号"})"}}}}};
    const auto parts = body_of<ChatRecordBody>("chatrecord", "chatrecord", to_text(record)).parts;
    ASSERT_EQ(parts.size(), 5U);
    EXPECT_EQ(parts[0].media, -1);  // without an id it is nowhere to be had
    EXPECT_EQ(parts[1].depth, 0);
    EXPECT_EQ(parts[2].depth, 1);
    EXPECT_EQ(parts[2].media, 0);
    EXPECT_EQ(parts[3].detail, "d");
    EXPECT_EQ(parts[3].url, "https://e.example");
    EXPECT_EQ(parts[4].detail, "样例路1号");
}

TEST(Message, WhatHasNoNameHereIsShownAsItIs) {
    const auto content = [](const std::string& body) {
        return content_json(
            parse_message(R"({"msgid":"m","from":"a","msgtype":"new",)" + body + "}").value()
        );
    };
    EXPECT_EQ(
        content(R"("new":{"id":9007199254740993,"n":2,"in":[{"SdkFileId":"FILE-x","k":null}]})"),
        R"({"fields":{"new":{"id":"9007199254740993","n":2,"in":[{"k":null}]}}})"
    );
    EXPECT_EQ(content(R"("new":")" + std::string(20'000, 'x') + '"'), R"({"fields":null})");
}

TEST(Message, ALongTextIsCutBetweenCharacters) {
    std::string text;
    for (int i = 0; i < 500; ++i) {
        text += "字";
    }
    Message message;
    message.body = TextBody{text};
    const std::string summary = summary_of(message);
    EXPECT_LT(summary.size(), 310U);
    EXPECT_TRUE(summary.ends_with("字…"));
}

Message between(
    const std::string& from, std::vector<std::string> to, const std::string& roomid = ""
) {
    Message message;
    message.from = from;
    message.to = std::move(to);
    message.roomid = roomid;
    return message;
}

constexpr const char* anna = "wmSAMPLE00000000000000000000anna";
constexpr const char* bert = "woSAMPLE00000000000000000000bert";
constexpr const char* robot = "wbSAMPLE0000000000000000000robot";

TEST(Conversation, BothDirectionsAreOneConversation) {
    const auto there = conversation_of(between("Zhang.San", {anna}));
    const auto back = conversation_of(between(anna, {"zhang.san"}));
    ASSERT_TRUE(there && back);
    EXPECT_EQ(there->key, back->key);
    EXPECT_EQ(there->kind, ConversationKind::single);
    EXPECT_EQ(there->userid, "Zhang.San");
    EXPECT_EQ(there->external_userid, anna);
}

TEST(Conversation, KindsAreToldApart) {
    EXPECT_EQ(conversation_of(between("a", {"b"}))->kind, ConversationKind::internal);
    EXPECT_EQ(conversation_of(between(robot, {"b"}))->kind, ConversationKind::internal);
    EXPECT_EQ(conversation_of(between(robot, {"b", anna}))->kind, ConversationKind::single);
    EXPECT_EQ(conversation_of(between("a", {anna, bert}))->kind, ConversationKind::other);
    EXPECT_EQ(conversation_of(between("a", {anna, "b"}, "wrROOM"))->kind, ConversationKind::group);
    EXPECT_EQ(
        conversation_of(between("a", {anna}, "wrROOM"))->key,
        conversation_of(between("b", {bert}, "wrROOM"))->key
    );
    EXPECT_FALSE(conversation_of(between("", {})).has_value());
}

TEST(Conversation, AShortIdThatBeginsLikeAnOutsideOneIsAMember) {
    EXPECT_EQ(side_of("woody"), Side::member);
    EXPECT_EQ(side_of(anna), Side::contact);
    EXPECT_EQ(side_of(robot), Side::bot);
    EXPECT_EQ(side_of(""), Side::unknown);
}

TEST(Conversation, AKeyIsBoundedHoweverManyTakePart) {
    std::vector<std::string> many;
    for (int i = 0; i < 1'000; ++i) {
        many.push_back("member" + std::to_string(i));
    }
    EXPECT_LT(conversation_of(between("a", many))->key.size(), 100U);
}

TEST(MediaDetail, RoundTrip) {
    MediaRef ref;
    ref.fileid = "f\"1";
    ref.filename = "报价.pdf";
    const auto back = decode_media_detail(encode_media_detail(ref)).value();
    EXPECT_EQ(back.fileid, ref.fileid);
    EXPECT_EQ(back.filename, ref.filename);
    EXPECT_FALSE(decode_media_detail("[1]").has_value());
}

}  // namespace
}  // namespace leadbridge::archive
