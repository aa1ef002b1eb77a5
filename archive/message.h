#pragma once
// A chat message as the archive delivers it, typed
// (developer.work.weixin.qq.com/document/path/91774). The raw JSON is kept beside it; a type that
// is not known here becomes UnknownBody and loses nothing.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace leadbridge::archive {

// A file of the vendor's media store. Fetched by fileid for about five days after the message.
struct MediaRef {
    std::string
        kind;  // "image" | "voice" | "video" | "emotion" | "file" | "voice_call" | "doc_share"
    std::string fileid;     // sdkfileid; never shown
    std::string md5;        // lower-case hex, "" = not given
    std::int64_t size = 0;  // bytes, 0 = not given
    std::string filename;   // "" = none
    std::string extension;  // "amr", "mp4", ...; "" = unknown
    std::int64_t play_seconds = 0;
};

struct TextBody {
    std::string content;
};

struct ImageBody {
    MediaRef media;
};

struct VoiceBody {
    MediaRef media;
};

struct VideoBody {
    MediaRef media;
};

struct EmotionBody {
    MediaRef media;
    bool animated = false;
    std::int64_t width = 0;
    std::int64_t height = 0;
};

struct FileBody {
    MediaRef media;
};

struct RevokeBody {
    std::string pre_msgid;
};

struct ConsentBody {     // agree, disagree
    std::string userid;  // the outside person
    bool agreed = false;
    UnixMillis at_ms = 0;
};

struct CardBody {
    std::string corp_name;
    std::string userid;
};

struct LocationBody {
    double longitude = 0;
    double latitude = 0;
    std::string address;
    std::string title;
    std::int64_t zoom = 0;
};

struct LinkBody {
    std::string title;
    std::string description;
    std::string url;
    std::string image_url;
};

struct MiniProgramBody {  // weapp
    std::string title;
    std::string description;
    std::string username;
    std::string display_name;
};

struct Part {              // an item of chatrecord or mixed; WeCom names no sender in it
    std::string type;      // as received: "ChatRecordText", "image", ...
    UnixMillis at_ms = 0;  // 0 = not given
    std::string text;      // what is said or shown, one line; "" = nothing readable
    std::string detail;    // below it: a link's description, a place's address; "" = none
    std::string url;       // of a link, as received
    std::int64_t play_seconds = 0;
    int media = -1;  // its file, as a place in media_of(); -1 = none
    int depth = 0;   // 0 = an item of the message itself, 1 = of a record in it, ...
    bool from_chatroom = false;
};

struct ChatRecordBody {
    std::string title;
    std::vector<Part> parts;
    std::vector<MediaRef> media;
};

struct MixedBody {
    std::vector<Part> parts;
    std::vector<MediaRef> media;
};

struct TodoBody {
    std::string title;
    std::string content;
};

struct VoteBody {
    std::string title;
    std::vector<std::string> items;
    bool joined = false;  // false: the vote was started
    std::string voteid;
};

struct CollectBody {
    std::string room_name;
    std::string creator;
    std::string created;  // "yyyy-mm-dd hh:mm:ss" as received
    std::string title;
    std::vector<std::string> questions;
};

struct RedPacketBody {      // redpacket, external_redpacket
    std::int64_t type = 0;  // 1 normal, 2 lucky, 3 incentive
    std::string wish;
    std::int64_t count = 0;
    std::int64_t total_fen = 0;
};

struct MeetingBody {
    std::string topic;
    UnixMillis starts_ms = 0;
    UnixMillis ends_ms = 0;
    std::string address;
    std::string remarks;
    std::int64_t type = 0;  // 101 invitation, 102 reply
    std::string meeting_id;
    std::int64_t status = 0;
};

struct MeetingNoticeBody {  // meeting_notification
    std::string meeting_id;
    std::int64_t type = 0;
    std::string content;
};

struct DocBody {  // docmsg
    std::string title;
    std::string url;
    std::string creator;
};

struct MarkdownBody {
    std::string content;
};

struct NewsBody {
    std::vector<LinkBody> items;
};

struct CalendarBody {
    std::string title;
    std::string creator;
    std::vector<std::string> attendees;
    UnixMillis starts_ms = 0;
    UnixMillis ends_ms = 0;
    std::string place;
    std::string remarks;
};

struct VoiceCallBody {  // meeting_voice_call
    std::string voiceid;
    UnixMillis ends_ms = 0;
    std::vector<std::string> shown_files;
    std::int64_t screen_shares = 0;
    MediaRef media;
};

struct DocShareBody {  // voip_doc_share
    std::string voipid;
    MediaRef media;
};

struct ChannelsFeedBody {   // sphfeed
    std::int64_t type = 0;  // 2 image, 4 video, 9 live
    std::string name;
    std::string description;
};

struct CallBody {  // voiptext
    std::int64_t seconds = 0;
    bool video = false;
};

struct DiskFileBody {  // qydiskfile
    std::string filename;
};

struct SwitchBody {  // action "switch": a member changed the corp in view
    std::string userid;
};

struct UnknownBody {
    std::string fields;  // JSON of all beside the envelope, without file ids; "" = more than shown
};

using MessageBody = std::variant<
    UnknownBody,
    TextBody,
    ImageBody,
    VoiceBody,
    VideoBody,
    EmotionBody,
    FileBody,
    RevokeBody,
    ConsentBody,
    CardBody,
    LocationBody,
    LinkBody,
    MiniProgramBody,
    ChatRecordBody,
    MixedBody,
    TodoBody,
    VoteBody,
    CollectBody,
    RedPacketBody,
    MeetingBody,
    MeetingNoticeBody,
    DocBody,
    MarkdownBody,
    NewsBody,
    CalendarBody,
    VoiceCallBody,
    DocShareBody,
    ChannelsFeedBody,
    CallBody,
    DiskFileBody,
    SwitchBody>;

struct Message {
    std::string msgid;
    std::string action;  // "send" | "recall" | "switch"
    std::string from;    // userid, external_userid or robot id; "" for a switch
    std::vector<std::string> to;
    std::string roomid;  // "" = not a group
    UnixMillis at_ms = 0;
    std::string type;  // msgtype as received; "switch" for a switch
    MessageBody body;
};

// Error{invalid} only when the text is not a JSON object: whatever else is odd, absent or of
// another type is read as absent.
Result<Message> parse_message(std::string_view json);

// Every file of the message, those inside chat records and mixed messages included; a stable order.
std::vector<MediaRef> media_of(const Message& message);
// What people said in it, for signals and later for search; "" where nobody wrote.
std::string text_of(const Message& message);
// One line for a list, in Chinese: the text's beginning, "[图片] 12 KB", "[未知消息 note]".
std::string summary_of(const Message& message);
// The typed body as JSON in our words (snake_case), without file ids; for the API.
std::string content_json(const Message& message);

}  // namespace leadbridge::archive
