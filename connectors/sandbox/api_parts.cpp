#include "connectors/sandbox/api_parts.h"

#include <algorithm>

#include "base/crypto.h"

namespace leadbridge::sandbox {

namespace {

constexpr std::size_t max_text_bytes = 4'000;
constexpr std::size_t max_attachments = 9;

std::optional<json::object> check_attachment(Call& call, const json::object& attachment) {
    const std::string type = json_string(attachment, "msgtype");
    const json::object* body = json_object(attachment, type);
    if (body == nullptr) {
        return refuse(41065, "invalid attachment msgtype");
    }
    if (type == "link") {
        const std::string title = json_string(*body, "title");
        if (title.empty() || title.size() > 128 || json_string(*body, "url").empty()) {
            return refuse(45002, "link needs a title of up to 128 bytes and a url");
        }
        return std::nullopt;
    }
    const bool by_url = type == "image" && !json_string(*body, "pic_url").empty();
    const std::string media_id =
        json_string(*body, type == "miniprogram" ? "pic_media_id" : "media_id");
    const auto media = call.corp.media.find(media_id);
    const bool alive =
        media != call.corp.media.end() &&
        media->second.created_ms + call.world.limits.media_ttl_s * 1'000LL > call.now;
    if (!by_url && !alive) {
        return refuse(40007, "invalid media_id");
    }
    return std::nullopt;
}

}  // namespace

std::size_t page_start(std::string_view cursor) {
    auto text = crypto::unbase64url(cursor);
    if (!text || text->empty()) {
        return 0;
    }
    return static_cast<std::size_t>(parse_id(*text).value_or(0));
}

std::string page_cursor(std::size_t position) {
    return crypto::base64url(std::to_string(position));
}

std::vector<std::string> strings_of(const json::array* array) {
    std::vector<std::string> out;
    if (array != nullptr) {
        for (const json::value& item : *array) {
            if (item.is_string()) {
                out.emplace_back(item.get_string());
            }
        }
    }
    return out;
}

std::size_t utf8_length(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

std::optional<json::object> check_content(Call& call) {
    const json::object* text = json_object(call.body, "text");
    const json::array* attachments = json_array(call.body, "attachments");
    const std::string content = text == nullptr ? "" : json_string(*text, "content");
    if (content.empty() && (attachments == nullptr || attachments->empty())) {
        return refuse(40058, "text and attachments are both empty");
    }
    if (content.size() > max_text_bytes) {
        return refuse(45002, "content size out of limit");
    }
    if (attachments == nullptr) {
        return std::nullopt;
    }
    if (attachments->size() > max_attachments) {
        return refuse(41064, "too many attachments");
    }
    for (const json::value& item : *attachments) {
        if (!item.is_object()) {
            return refuse(41065, "invalid attachment");
        }
        if (auto error = check_attachment(call, item.get_object())) {
            return error;
        }
    }
    return std::nullopt;
}

}  // namespace leadbridge::sandbox
