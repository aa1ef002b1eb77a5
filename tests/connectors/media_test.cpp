#include "connectors/wecom/media.h"

#include <gtest/gtest.h>

#include "connectors/wecom/content_json.h"
#include "tests/connectors/wecom_room.h"

namespace leadbridge::wecom {
namespace {

const std::string upload_name = "media/upload";
constexpr std::int64_t hour = 3'600'000;

class MediaFiles : public testing::Test {
protected:
    MediaFiles() {
        room.wecom.on(upload_name, [this](const FakeCall&) {
            return ok(
                {{"type", "image"},
                 {"media_id", "M" + std::to_string(++uploads)},
                 {"created_at", "1760000000"}}
            );
        });
    }

    std::int64_t add(const std::string& bytes = "123456789", const std::string& name = "图.png") {
        const auto id = room.media.add(room.corp, MediaKind::image, name, "image/png", bytes);
        EXPECT_TRUE(id) << id.error().message;
        return id ? *id : 0;
    }

    Media media(std::int64_t id) {
        return *room.read<std::optional<Media>>([&](Snapshot& s) {
            return MediaStore::find(s, room.corp, id);
        });
    }

    crm::MessageContent content(std::int64_t id) {
        crm::MessageContent out{"text", {}};
        out.attachments.push_back(attachment(crm::AttachmentKind::image, id));
        return out;
    }

    MediaIds current(std::int64_t id) {
        return room.read<MediaIds>([&](Snapshot& s) {
            return room.media.current(s, room.corp, content(id));
        });
    }

    WecomRoom room;
    int uploads = 0;
};

TEST_F(MediaFiles, are_uploaded_ahead_as_multipart) {
    const auto id = add();
    EXPECT_TRUE(current(id).empty());
    room.drain();
    EXPECT_EQ(current(id).at(id), "M1");
    const auto call = room.wecom.calls(upload_name).at(0);
    EXPECT_EQ(call.query.get("type"), "image");
    ASSERT_EQ(call.parts.size(), 1U);
    EXPECT_EQ(call.parts[0].name, "media");
    EXPECT_EQ(call.parts[0].filename, "图.png");
    EXPECT_EQ(call.parts[0].data, "123456789");
}

TEST_F(MediaFiles, are_renewed_before_their_three_days_are_over_for_as_long_as_they_exist) {
    const auto id = add();
    for (int day = 0; day < 20; ++day) {
        room.run_for(24 * hour);
        EXPECT_TRUE(current(id).contains(id)) << day;
    }
    EXPECT_GE(uploads, 9);
    EXPECT_LE(uploads, 12);
    room.write([&](Transaction& tx) { EXPECT_TRUE(MediaStore::remove(tx, room.corp, id)); });
    const int before = uploads;
    room.run_for(96 * hour);
    EXPECT_EQ(uploads, before);
}

TEST_F(MediaFiles, an_outage_is_outlived) {
    const auto id = add();
    room.drain();
    room.run_for(47 * hour);
    room.wecom.next(upload_name, Fault::refused, 40);
    room.run_for(12 * hour);
    EXPECT_TRUE(current(id).contains(id));
    EXPECT_GE(uploads, 2);
}

TEST_F(MediaFiles, an_equal_file_is_one_row) {
    EXPECT_EQ(add(), add());
    EXPECT_NE(add(), add("other bytes"));
    EXPECT_NE(add(), add("123456789", "other.png"));
}

TEST_F(MediaFiles, what_wecom_would_refuse_is_refused_here) {
    const auto reason = [&](MediaKind kind, const std::string& name, const std::string& bytes) {
        const auto made = room.media.add(room.corp, kind, name, "", bytes);
        return made ? "" : made.error().reason;
    };
    EXPECT_EQ(reason(MediaKind::image, "a.png", "12345"), "media.size");
    EXPECT_EQ(reason(MediaKind::voice, "a.amr", std::string((2 << 20) + 1, 'x')), "media.size");
    EXPECT_EQ(reason(MediaKind::file, "", "123456"), "media.name");
    EXPECT_EQ(reason(MediaKind::file, "../a", "123456"), "media.name");
    EXPECT_EQ(reason(MediaKind::file, "a\r\nb", "123456"), "media.name");
}

TEST_F(MediaFiles, ensure_uploads_what_is_missing_and_nothing_else) {
    const auto id = add();
    const auto first = room.media.ensure(room.corp, content(id));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->at(id), "M1");
    EXPECT_EQ(room.media.ensure(room.corp, content(id))->at(id), "M1");
    room.clock.advance(72 * hour);
    EXPECT_EQ(room.media.ensure(room.corp, content(id))->at(id), "M2");
    EXPECT_EQ(room.media.ensure(room.corp, content(999)).error().reason, "media_removed");
}

TEST_F(MediaFiles, a_refused_id_is_uploaded_again) {
    const auto id = add();
    room.drain();
    ASSERT_TRUE(room.media.forget_uploads(room.corp, content(id)));
    EXPECT_TRUE(current(id).empty());
    room.drain();
    EXPECT_EQ(current(id).at(id), "M2");
}

TEST_F(MediaFiles, an_error_is_kept_for_people) {
    room.wecom.next(upload_name, 45001);
    const auto id = add();
    room.drain();
    EXPECT_NE(media(id).error.find("45001"), std::string::npos);
}

TEST_F(MediaFiles, an_image_url_is_asked_for) {
    room.wecom.on("media/uploadimg", [](const FakeCall&) {
        return ok({{"url", "https://wework.example/a"}});
    });
    EXPECT_EQ(
        *room.media.upload_image_url(room.corp, "a.png", "123456"), "https://wework.example/a"
    );
    EXPECT_EQ(
        room.media.upload_image_url(room.corp, "a.png", std::string(3 << 20, 'x')).error().reason,
        "media.size"
    );
}

// --- content on the wire ---

TEST(ContentJson, all_kinds) {
    crm::MessageContent content{"你好", {}};
    content.attachments.push_back(attachment(crm::AttachmentKind::image, 1));
    content.attachments.push_back(attachment(crm::AttachmentKind::image));
    content.attachments.back().pic_url = "https://p";
    content.attachments.push_back(attachment(crm::AttachmentKind::link));
    content.attachments.back().title = "t";
    content.attachments.back().desc = "d";
    content.attachments.back().url = "https://u";
    content.attachments.push_back(attachment(crm::AttachmentKind::miniprogram, 1));
    content.attachments.back().title = "m";
    content.attachments.back().appid = "wx";
    content.attachments.back().page = "p";
    content.attachments.push_back(attachment(crm::AttachmentKind::file, 2));
    EXPECT_EQ(
        to_text(content_json(content, {{1, "A"}})),
        R"({"text":{"content":"你好"},"attachments":[{"msgtype":"image","image":{"media_id":"A"}},)"
        R"({"msgtype":"image","image":{"pic_url":"https://p"}},)"
        R"({"msgtype":"link","link":{"title":"t","url":"https://u","desc":"d"}},)"
        R"({"msgtype":"miniprogram","miniprogram":{"title":"m","pic_media_id":"A","appid":"wx","page":"p"}}]})"
    );
}

TEST(ContentJson, equal_content_is_recognised) {
    const auto object = [](const std::string& text) { return parse_json(text)->as_object(); };
    const auto ours = object(
        R"({"text":{"content":"a\nb"},"attachments":[{"msgtype":"image","image":{"media_id":"A"}},)"
        R"({"msgtype":"link","link":{"title":"t","url":"u"}}]})"
    );
    const auto same = [&](const std::string& listed, MediaCompare compare = MediaCompare::ids) {
        return same_content(object(listed), ours, compare);
    };
    const std::string link = R"({"msgtype":"link","link":{"title":"t","url":"u","picurl":""}})";
    const auto listed = [&](const std::string& text, const std::string& first) {
        return R"({"msgid":"m","text":{"content":")" + text + R"("},"attachments":[)" + first +
               "," + link + "]}";
    };
    const std::string image =
        R"({"msgtype":"image","image":{"media_id":"A","pic_url":"https://x"}})";
    EXPECT_TRUE(same(listed("a\\r\\nb", image)));
    EXPECT_TRUE(same(listed("a\\nb ", R"({"msgtype":"image","image":{"pic_url":"https://x"}})")));
    EXPECT_FALSE(same(listed("a b", image)));
    EXPECT_FALSE(same(listed("a\\nb", R"({"msgtype":"image","image":{"media_id":"B"}})")));
    EXPECT_TRUE(same(
        listed("a\\nb", R"({"msgtype":"image","image":{"media_id":"B"}})"), MediaCompare::kinds
    ));
    EXPECT_FALSE(
        same(listed("a\\nb", R"({"msgtype":"file","file":{"media_id":"A"}})"), MediaCompare::kinds)
    );
    EXPECT_FALSE(same(R"({"text":{"content":"a\nb"}})"));
    EXPECT_FALSE(same(R"({"text":{"content":"a\nb"},"attachments":[1,2]})"));
    EXPECT_FALSE(same("{}"));
}

}  // namespace
}  // namespace leadbridge::wecom
