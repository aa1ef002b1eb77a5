#include "crm/contacts/content.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace leadbridge::crm {
namespace {

Attachment link() {
    Attachment a;
    a.kind = AttachmentKind::link;
    a.title = "产品手册";
    a.url = "https://example.com/a";
    return a;
}

std::string reason(const MessageContent& content) {
    const Status status = validate_content(content);
    return status ? "ok" : status.error().reason;
}

TEST(Content, survives_the_round_trip) {
    MessageContent content;
    content.text = "你好 {contact}\n\"quotes\"";
    content.attachments.push_back(link());
    Attachment image;
    image.media_id = 9'007'199'254'740'993;
    content.attachments.push_back(image);
    Attachment app;
    app.kind = AttachmentKind::miniprogram;
    app.media_id = 7;
    app.title = "小程序";
    app.appid = "wx1";
    app.page = "pages/index";
    content.attachments.push_back(app);
    EXPECT_EQ(reason(content), "ok");
    const auto back = decode_content(encode_content(content));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(*back, content);
}

TEST(Content, empty_texts_are_empty_content) {
    for (const char* text : {"", "null", "{}", R"({"text":"","attachments":[]})"}) {
        const auto content = decode_content(text);
        ASSERT_TRUE(content.has_value()) << text;
        EXPECT_TRUE(content->empty()) << text;
    }
    EXPECT_EQ(reason({}), "content.text");
}

TEST(Content, names_what_cannot_be_read) {
    for (const char* text :
         {"[]",
          "{",
          R"({"text":1})",
          R"({"txt":"a"})",
          R"({"attachments":{}})",
          R"({"attachments":[1]})",
          R"({"attachments":[{}]})",
          R"({"attachments":[{"kind":"voice"}]})",
          R"({"attachments":[{"kind":"image","media_id":5}]})",
          R"({"attachments":[{"kind":"image","media_id":"-5"}]})",
          R"({"attachments":[{"kind":"link","color":"red"}]})"}) {
        const auto content = decode_content(text);
        ASSERT_FALSE(content.has_value()) << text;
        EXPECT_EQ(content.error().code, ErrorCode::invalid) << text;
    }
}

TEST(Content, holds_the_limits_in_bytes) {
    MessageContent content;
    content.text = std::string(4'000, 'a');
    EXPECT_EQ(reason(content), "ok");
    content.text += "a";
    EXPECT_EQ(reason(content), "content.text");
    content.text = "a";
    content.attachments.assign(9, link());
    EXPECT_EQ(reason(content), "ok");
    content.attachments.push_back(link());
    EXPECT_EQ(reason(content), "content.attachments");
    content.attachments.assign(1, link());
    content.attachments[0].title =
        std::string(43, 'x') + "标题标题标题标题标题标题标题标题标题标题标题标题标题标题标";
    EXPECT_EQ(reason(content), "content.attachments.0.title") << "128 bytes, not characters";
    content.attachments[0] = link();
    content.attachments[0].desc = std::string(513, 'x');
    EXPECT_EQ(reason(content), "content.attachments.0.desc");
    content.attachments[0] = link();
    content.attachments[0].url = "javascript:alert(1)";
    EXPECT_EQ(reason(content), "content.attachments.0.url");
    content.text = "\xff";
    EXPECT_EQ(reason(content), "content.text");
}

TEST(Content, an_image_has_one_origin_and_files_have_media) {
    MessageContent content;
    content.attachments.resize(1);
    EXPECT_EQ(reason(content), "content.attachments.0.media_id");
    content.attachments[0].media_id = 1;
    EXPECT_EQ(reason(content), "ok");
    content.attachments[0].pic_url = "https://wework.qpic.cn/x";
    EXPECT_EQ(reason(content), "content.attachments.0.media_id");
    for (const AttachmentKind kind : {AttachmentKind::video, AttachmentKind::file}) {
        content.attachments[0] = {};
        content.attachments[0].kind = kind;
        EXPECT_EQ(reason(content), "content.attachments.0.media_id");
    }
}

TEST(Content, placeholders_are_filled_and_unknown_ones_stay) {
    const Placeholders values{"小王", "Ann", "展厅"};
    EXPECT_EQ(
        fill_placeholders("{contact}，我是{member}（{channel}）", values), "小王，我是Ann（展厅）"
    );
    EXPECT_EQ(fill_placeholders("{who} {contact", values), "{who} {contact");
    EXPECT_EQ(fill_placeholders("{{contact}}", values), "{小王}");
    EXPECT_EQ(fill_placeholders("{contact}", {"{member}", "x", ""}), "{member}")
        << "a name is never read as a template";
    EXPECT_TRUE(names_contact({"hi {contact}", {}}));
    EXPECT_FALSE(names_contact({"hi {member}", {}}));
}

TEST(Content, a_long_name_is_cut_between_characters) {
    std::string name;
    for (int i = 0; i < 2'000; ++i) {
        name += "王";
    }
    const std::string out = fill_placeholders("a{contact}b{contact}c", {name, "", ""});
    EXPECT_LE(out.size(), max_text_bytes);
    EXPECT_TRUE(is_utf8(out));
    EXPECT_EQ(out.back(), 'c');
}

}  // namespace
}  // namespace leadbridge::crm
