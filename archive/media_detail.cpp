#include "archive/media_detail.h"

#include "base/json.h"

namespace leadbridge::archive {

std::string summary_place(std::int64_t message_id) {
    return "summary:" + std::to_string(message_id);
}

std::string body_place(std::int64_t message_id) {
    return "message:" + std::to_string(message_id);
}

std::string media_place(std::int64_t media_id) {
    return "media:" + std::to_string(media_id);
}

std::string encode_media_detail(const MediaRef& ref) {
    return to_text(json::object{
        {"fileid", ref.fileid},
        {"filename", ref.filename},
        {"extension", ref.extension},
        {"play_seconds", ref.play_seconds}});
}

Result<MediaRef> decode_media_detail(std::string_view text) {
    auto value = parse_json(text);
    if (!value || !value->is_object()) {
        return Error{ErrorCode::corrupt, "a media row cannot be read"};
    }
    const json::object& object = value->get_object();
    MediaRef ref;
    ref.fileid = json_string(object, "fileid");
    ref.filename = json_string(object, "filename");
    ref.extension = json_string(object, "extension");
    ref.play_seconds = json_int(object, "play_seconds");
    return ref;
}

}  // namespace leadbridge::archive
