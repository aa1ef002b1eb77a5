#include "connectors/wecom/content_json.h"

#include <optional>

#include "base/json.h"

namespace leadbridge::wecom {

namespace {

std::optional<json::object> attachment_json(
    const crm::Attachment& attachment, const MediaIds& media
) {
    const auto uploaded = media.find(attachment.media_id);
    const bool has_media = attachment.media_id != 0 && uploaded != media.end();
    const auto kind = crm::to_string(attachment.kind);
    json::object inner;
    switch (attachment.kind) {
        case crm::AttachmentKind::image:
            if (attachment.media_id == 0) {
                inner["pic_url"] = attachment.pic_url;
                break;
            }
            [[fallthrough]];
        case crm::AttachmentKind::video:
        case crm::AttachmentKind::file:
            if (!has_media) {
                return std::nullopt;
            }
            inner["media_id"] = uploaded->second;
            break;
        case crm::AttachmentKind::link:
            inner = {{"title", attachment.title}, {"url", attachment.url}};
            if (!attachment.pic_url.empty()) {
                inner["picurl"] = attachment.pic_url;
            }
            if (!attachment.desc.empty()) {
                inner["desc"] = attachment.desc;
            }
            break;
        case crm::AttachmentKind::miniprogram:
            if (!has_media) {
                return std::nullopt;
            }
            inner = {
                {"title", attachment.title},
                {"pic_media_id", uploaded->second},
                {"appid", attachment.appid},
                {"page", attachment.page}};
            break;
    }
    json::object out{{"msgtype", kind}};
    out[kind] = std::move(inner);
    return out;
}

// Line ends and space at the ends do not make another message.
std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c != '\r') {
            out += c;
        }
    }
    const auto end = out.find_last_not_of(" \t\n");
    out.erase(end == std::string::npos ? 0 : end + 1);
    return out;
}

std::string text_of(const json::object& message) {
    const auto* text = json_object(message, "text");
    return text == nullptr ? std::string{} : plain(json_string(*text, "content"));
}

bool equal_where_both(
    const json::object& a, const json::object& b, std::initializer_list<std::string_view> keys
) {
    for (const auto key : keys) {
        const auto x = json_string(a, key);
        const auto y = json_string(b, key);
        if (!x.empty() && !y.empty() && x != y) {
            return false;
        }
    }
    return true;
}

bool equal_always(
    const json::object& a, const json::object& b, std::initializer_list<std::string_view> keys
) {
    for (const auto key : keys) {
        if (plain(json_string(a, key)) != plain(json_string(b, key))) {
            return false;
        }
    }
    return true;
}

bool same_attachment(const json::object& listed, const json::object& ours, MediaCompare compare) {
    const auto kind = json_string(ours, "msgtype");
    if (json_string(listed, "msgtype") != kind) {
        return false;
    }
    const auto* a = json_object(listed, kind);
    const auto* b = json_object(ours, kind);
    if (a == nullptr || b == nullptr) {
        return false;
    }
    return equal_always(*a, *b, {"title", "url", "desc", "appid", "page"}) &&
           (compare == MediaCompare::kinds ||
            equal_where_both(*a, *b, {"media_id", "pic_media_id", "pic_url", "picurl"}));
}

}  // namespace

json::object content_json(const crm::MessageContent& content, const MediaIds& media) {
    json::object out;
    if (!content.text.empty()) {
        out["text"] = json::object{{"content", content.text}};
    }
    json::array attachments;
    for (const auto& attachment : content.attachments) {
        if (auto item = attachment_json(attachment, media)) {
            attachments.emplace_back(std::move(*item));
        }
    }
    if (!attachments.empty()) {
        out["attachments"] = std::move(attachments);
    }
    return out;
}

bool same_content(const json::object& listed, const json::object& ours, MediaCompare compare) {
    if (text_of(listed) != text_of(ours)) {
        return false;
    }
    const auto* a = json_array(listed, "attachments");
    const auto* b = json_array(ours, "attachments");
    const auto count_a = a == nullptr ? 0 : a->size();
    const auto count_b = b == nullptr ? 0 : b->size();
    if (count_a != count_b) {
        return false;
    }
    for (std::size_t i = 0; i < count_a; ++i) {
        const auto* x = (*a)[i].if_object();
        const auto* y = (*b)[i].if_object();
        if (x == nullptr || y == nullptr || !same_attachment(*x, *y, compare)) {
            return false;
        }
    }
    return true;
}

}  // namespace leadbridge::wecom
