// Reading the archive's JSON. Tolerant on purpose: a field that is absent or of another type is
// left empty, names match without case (the vendor's pages write userid and Userid), and the body
// is looked for under every key it has been seen with.

#include <algorithm>
#include <array>

#include "archive/message.h"
#include "archive/message_fields.h"
#include "base/json.h"
#include "base/utf8.h"

namespace leadbridge::archive {

namespace {

constexpr JsonLimits limits{.max_bytes = max_message_bytes, .max_depth = 32};

MessageBody read_mixed(const Fields& f) {
    Parts parts = read_parts(f);
    return MixedBody{std::move(parts.parts), std::move(parts.media)};
}

MessageBody read_chat_record(const Fields& f) {
    Parts parts = read_parts(f);
    return ChatRecordBody{f.text("title"), std::move(parts.parts), std::move(parts.media)};
}

MessageBody read_news(const Fields& f) {
    NewsBody news;
    for (const json::value& item : f.array("item")) {
        news.items.push_back(read_link(Fields::of(item)));
    }
    if (news.items.empty() && (f.find("title") != nullptr || f.find("url") != nullptr)) {
        news.items.push_back(read_link(f));  // the older, flat form
    }
    return news;
}

MessageBody read_collect(const Fields& f) {
    CollectBody collect{
        f.text("room_name"), f.text("creator"), f.text("create_time"), f.text("title"), {}};
    for (const json::value& detail : f.array("details")) {
        collect.questions.push_back(Fields::of(detail).text("ques"));
    }
    return collect;
}

MessageBody read_meeting(const Fields& f) {
    return MeetingBody{
        f.text("topic"),
        f.number("starttime") * 1'000,
        f.number("endtime") * 1'000,
        f.text("address"),
        f.text("remarks"),
        f.number("meetingtype"),
        f.text("meetingid"),
        f.number("status")};
}

MessageBody read_calendar(const Fields& f) {
    return CalendarBody{
        f.text("title"),
        f.text("creatorname"),
        f.texts("attendeename"),
        f.number("starttime") * 1'000,
        f.number("endtime") * 1'000,
        f.text("place"),
        f.text("remarks")};
}

MessageBody read_voice_call(const Fields& f, const Fields& root) {
    VoiceCallBody call;
    call.voiceid = root.text("voiceid");
    call.ends_ms = f.number("endtime") * 1'000;
    for (const json::value& file : f.array("demofiledata")) {
        call.shown_files.push_back(Fields::of(file).text("filename"));
    }
    call.screen_shares = static_cast<std::int64_t>(f.array("sharescreendata").size());
    call.media = read_media(f, "voice_call", "filesize", "");
    return call;
}

MessageBody read_emotion(const Fields& f) {
    const bool animated = f.number("type") == 1;
    return EmotionBody{
        read_media(f, "emotion", "imagesize", animated ? "gif" : "png"),
        animated,
        f.number("width"),
        f.number("height")};
}

struct Type {
    std::string_view name;
    std::string_view key;  // where the body stands
    MessageBody (*read)(const Fields& body, const Fields& root);
};

constexpr std::array types{
    Type{
        "text",
        "text",
        [](const Fields& f, const Fields&) -> MessageBody { return TextBody{f.text("content")}; }},
    Type{
        "image",
        "image",
        [](const Fields& f, const Fields&) -> MessageBody {
            return ImageBody{read_media(f, "image", "filesize", "jpg")};
        }},
    Type{
        "voice",
        "voice",
        [](const Fields& f, const Fields&) -> MessageBody { return VoiceBody{read_voice(f)}; }},
    Type{
        "video",
        "video",
        [](const Fields& f, const Fields&) -> MessageBody {
            return VideoBody{read_media(f, "video", "filesize", "mp4")};
        }},
    Type{"emotion", "emotion", [](const Fields& f, const Fields&) { return read_emotion(f); }},
    Type{
        "file",
        "file",
        [](const Fields& f, const Fields&) -> MessageBody {
            return FileBody{read_media(f, "file", "filesize", "")};
        }},
    Type{
        "revoke",
        "revoke",
        [](const Fields& f, const Fields&) -> MessageBody {
            return RevokeBody{f.text("pre_msgid")};
        }},
    Type{
        "agree",
        "agree",
        [](const Fields& f, const Fields&) -> MessageBody {
            return ConsentBody{f.text("userid"), true, f.number("agree_time")};
        }},
    Type{
        "disagree",
        "disagree",
        [](const Fields& f, const Fields&) -> MessageBody {
            const bool own_key = f.find("disagree_time") != nullptr;
            return ConsentBody{
                f.text("userid"), false, f.number(own_key ? "disagree_time" : "agree_time")};
        }},
    Type{
        "card",
        "card",
        [](const Fields& f, const Fields&) -> MessageBody {
            return CardBody{f.text("corpname"), f.text("userid")};
        }},
    Type{
        "location",
        "location",
        [](const Fields& f, const Fields&) -> MessageBody {
            return LocationBody{
                f.real("longitude"),
                f.real("latitude"),
                f.text("address"),
                f.text("title"),
                f.number("zoom")};
        }},
    Type{
        "link", "link", [](const Fields& f, const Fields&) -> MessageBody { return read_link(f); }},
    Type{
        "weapp",
        "weapp",
        [](const Fields& f, const Fields&) -> MessageBody {
            return MiniProgramBody{
                f.text("title"), f.text("description"), f.text("username"), f.text("displayname")};
        }},
    Type{
        "chatrecord",
        "chatrecord",
        [](const Fields& f, const Fields&) { return read_chat_record(f); }},
    Type{"mixed", "mixed", [](const Fields& f, const Fields&) { return read_mixed(f); }},
    Type{
        "todo",
        "todo",
        [](const Fields& f, const Fields&) -> MessageBody {
            return TodoBody{f.text("title"), f.text("content")};
        }},
    Type{
        "vote",
        "vote",
        [](const Fields& f, const Fields&) -> MessageBody {
            return VoteBody{
                f.text("votetitle"),
                f.texts("voteitem"),
                f.number("votetype") == 102,
                f.text("voteid")};
        }},
    Type{"collect", "collect", [](const Fields& f, const Fields&) { return read_collect(f); }},
    Type{
        "redpacket",
        "redpacket",
        [](const Fields& f, const Fields&) -> MessageBody {
            return RedPacketBody{
                f.number("type"), f.text("wish"), f.number("totalcnt"), f.number("totalamount")};
        }},
    Type{
        "external_redpacket",
        "redpacket",
        [](const Fields& f, const Fields&) -> MessageBody {
            return RedPacketBody{
                f.number("type"), f.text("wish"), f.number("totalcnt"), f.number("totalamount")};
        }},
    Type{"meeting", "meeting", [](const Fields& f, const Fields&) { return read_meeting(f); }},
    Type{
        "meeting_notification",
        "info",
        [](const Fields& f, const Fields&) -> MessageBody {
            return MeetingNoticeBody{
                f.text("meeting_id"), f.number("notification_type"), f.text("content")};
        }},
    Type{
        "docmsg",
        "doc",
        [](const Fields& f, const Fields&) -> MessageBody {
            return DocBody{f.text("title"), f.text("link_url"), f.text("doc_creator")};
        }},
    Type{
        "markdown",
        "info",
        [](const Fields& f, const Fields&) -> MessageBody {
            return MarkdownBody{f.text("content")};
        }},
    Type{"news", "info", [](const Fields& f, const Fields&) { return read_news(f); }},
    Type{"calendar", "calendar", [](const Fields& f, const Fields&) { return read_calendar(f); }},
    Type{
        "meeting_voice_call",
        "meeting_voice_call",
        [](const Fields& f, const Fields& root) { return read_voice_call(f, root); }},
    Type{
        "voip_doc_share",
        "voip_doc_share",
        [](const Fields& f, const Fields& root) -> MessageBody {
            return DocShareBody{root.text("voipid"), read_media(f, "doc_share", "filesize", "")};
        }},
    Type{
        "sphfeed",
        "sphfeed",
        [](const Fields& f, const Fields&) -> MessageBody {
            return ChannelsFeedBody{f.number("feed_type"), f.text("sph_name"), f.text("feed_desc")};
        }},
    Type{
        "voiptext",
        "info",
        [](const Fields& f, const Fields&) -> MessageBody {
            return CallBody{f.number("callduration"), f.number("invitetype") == 1};
        }},
    Type{
        "qydiskfile",
        "info",
        [](const Fields& f, const Fields&) -> MessageBody {
            return DiskFileBody{f.text("filename")};
        }},
};

MessageBody read_body(const std::string& type, const Fields& root) {
    const std::string name = lower(type);
    const auto found = std::ranges::find(types, name, &Type::name);
    if (found == types.end()) {
        return UnknownBody{};
    }
    for (const std::string_view key : {found->key, found->name, std::string_view("info")}) {
        if (const Fields body = root.object(key); body.there()) {
            return found->read(body, root);
        }
    }
    return UnknownBody{};
}

}  // namespace

Result<Message> parse_message(std::string_view text) {
    auto parsed = is_utf8(text) ? parse_json(text, limits) : parse_json(repair_utf8(text), limits);
    if (!parsed) {
        return std::move(parsed).error();
    }
    const Fields root(parsed->if_object());
    if (!root.there()) {
        return Error{ErrorCode::invalid, "an archived message is not a JSON object", "not_json"};
    }
    Message message;
    message.msgid = root.text("msgid");
    message.action = root.text("action");
    message.from = root.text("from");
    message.to = root.texts("tolist");
    message.roomid = root.text("roomid");
    message.at_ms = root.number("msgtime");
    message.type = root.text("msgtype");
    if (message.action == "switch") {
        message.at_ms = root.number("time");
        message.type = "switch";
        message.body = SwitchBody{root.text("user")};
        return message;
    }
    message.body = read_body(message.type, root);
    if (auto* unknown = std::get_if<UnknownBody>(&message.body)) {
        unknown->fields = other_fields(parsed->get_object());
    }
    return message;
}

}  // namespace leadbridge::archive
