// The typed body in the API's words.

#include "archive/message.h"
#include "base/json.h"
#include "base/time_zone.h"

namespace leadbridge::archive {

namespace {

using Object = json::object;

json::value time_json(UnixMillis ms) {
    return ms > 0 ? json::value(rfc3339(ms)) : json::value(nullptr);
}

Object media_json(const MediaRef& media) {
    return {
        {"kind", media.kind},
        {"size", media.size},
        {"filename", media.filename},
        {"extension", media.extension},
        {"play_seconds", media.play_seconds}};
}

Object link_json(const LinkBody& b) {
    return {
        {"title", b.title},
        {"description", b.description},
        {"url", b.url},
        {"image_url", b.image_url}};
}

json::array texts_json(const std::vector<std::string>& texts) {
    json::array array;
    for (const std::string& text : texts) {
        array.emplace_back(text);
    }
    return array;
}

json::array parts_json(const std::vector<Part>& parts) {
    json::array array;
    for (const Part& part : parts) {
        array.push_back(Object{
            {"type", part.type},
            {"at", time_json(part.at_ms)},
            {"text", part.text},
            {"detail", part.detail},
            {"url", part.url},
            {"play_seconds", part.play_seconds},
            {"media", part.media < 0 ? json::value(nullptr) : json::value(part.media)},
            {"depth", part.depth},
            {"from_group", part.from_chatroom}});
    }
    return array;
}

Object body_json(const UnknownBody& b) {
    auto fields = parse_json(b.fields);
    return {{"fields", fields ? std::move(*fields) : json::value(nullptr)}};
}

Object body_json(const TextBody& b) {
    return {{"content", b.content}};
}

Object body_json(const MarkdownBody& b) {
    return {{"content", b.content}};
}

Object body_json(const ImageBody& b) {
    return media_json(b.media);
}

Object body_json(const VoiceBody& b) {
    return media_json(b.media);
}

Object body_json(const VideoBody& b) {
    return media_json(b.media);
}

Object body_json(const FileBody& b) {
    return media_json(b.media);
}

Object body_json(const RevokeBody& b) {
    return {{"recalled_msgid", b.pre_msgid}};
}

Object body_json(const ConsentBody& b) {
    return {{"userid", b.userid}, {"agreed", b.agreed}, {"at", time_json(b.at_ms)}};
}

Object body_json(const CardBody& b) {
    return {{"corp_name", b.corp_name}, {"userid", b.userid}};
}

Object body_json(const LinkBody& b) {
    return link_json(b);
}

Object body_json(const TodoBody& b) {
    return {{"title", b.title}, {"content", b.content}};
}

Object body_json(const SwitchBody& b) {
    return {{"userid", b.userid}};
}

Object body_json(const DiskFileBody& b) {
    return {{"filename", b.filename}};
}

Object body_json(const CallBody& b) {
    return {{"seconds", b.seconds}, {"video", b.video}};
}

Object body_json(const DocBody& b) {
    return {{"title", b.title}, {"url", b.url}, {"creator", b.creator}};
}

Object body_json(const DocShareBody& b) {
    return media_json(b.media);
}

Object body_json(const MixedBody& b) {
    return {{"parts", parts_json(b.parts)}};
}

Object body_json(const ChatRecordBody& b) {
    return {{"title", b.title}, {"parts", parts_json(b.parts)}};
}

Object body_json(const EmotionBody& b) {
    Object object = media_json(b.media);
    object["animated"] = b.animated;
    object["width"] = b.width;
    object["height"] = b.height;
    return object;
}

Object body_json(const LocationBody& b) {
    return {
        {"longitude", b.longitude},
        {"latitude", b.latitude},
        {"address", b.address},
        {"title", b.title},
        {"zoom", b.zoom}};
}

Object body_json(const MiniProgramBody& b) {
    return {
        {"title", b.title},
        {"description", b.description},
        {"username", b.username},
        {"display_name", b.display_name}};
}

Object body_json(const VoteBody& b) {
    return {{"title", b.title}, {"items", texts_json(b.items)}, {"joined", b.joined}};
}

Object body_json(const CollectBody& b) {
    return {
        {"room_name", b.room_name},
        {"creator", b.creator},
        {"created", b.created},
        {"title", b.title},
        {"questions", texts_json(b.questions)}};
}

Object body_json(const RedPacketBody& b) {
    return {
        {"type", b.type},
        {"wish", b.wish},
        {"count", b.count},
        {"total", Object{{"amount", b.total_fen}, {"currency", "CNY"}}}};
}

Object body_json(const MeetingBody& b) {
    return {
        {"topic", b.topic},
        {"starts_at", time_json(b.starts_ms)},
        {"ends_at", time_json(b.ends_ms)},
        {"address", b.address},
        {"remarks", b.remarks},
        {"type", b.type},
        {"meeting_id", b.meeting_id},
        {"status", b.status}};
}

Object body_json(const MeetingNoticeBody& b) {
    return {{"meeting_id", b.meeting_id}, {"type", b.type}, {"content", b.content}};
}

Object body_json(const NewsBody& b) {
    json::array items;
    for (const LinkBody& link : b.items) {
        items.push_back(link_json(link));
    }
    return {{"items", std::move(items)}};
}

Object body_json(const CalendarBody& b) {
    return {
        {"title", b.title},
        {"creator", b.creator},
        {"attendees", texts_json(b.attendees)},
        {"starts_at", time_json(b.starts_ms)},
        {"ends_at", time_json(b.ends_ms)},
        {"place", b.place},
        {"remarks", b.remarks}};
}

Object body_json(const VoiceCallBody& b) {
    return {
        {"ends_at", time_json(b.ends_ms)},
        {"shown_files", texts_json(b.shown_files)},
        {"screen_shares", b.screen_shares}};
}

Object body_json(const ChannelsFeedBody& b) {
    return {{"type", b.type}, {"name", b.name}, {"description", b.description}};
}

}  // namespace

std::string content_json(const Message& message) {
    return to_text(std::visit([](const auto& body) { return body_json(body); }, message.body));
}

}  // namespace leadbridge::archive
