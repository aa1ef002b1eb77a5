#include "crm/contacts/content.h"

#include <array>
#include <optional>

#include "base/json.h"
#include "base/utf8.h"

namespace leadbridge::crm {
namespace {

constexpr std::array<std::string_view, 5> kind_names = {
    "image", "link", "miniprogram", "video", "file"};

Error broken(std::string field, std::string_view why) {
    return Error{ErrorCode::rule_broken, field + ": " + std::string(why), std::move(field)};
}

Status check_length(
    const std::string& at, std::string_view field, std::string_view text, std::size_t bytes
) {
    if (text.size() > bytes || !is_utf8(text)) {
        return broken(
            at + std::string(field), "must be UTF-8 of at most " + std::to_string(bytes) + " bytes"
        );
    }
    return {};
}

bool web_address(std::string_view url) noexcept {
    return url.starts_with("https://") || url.starts_with("http://");
}

Status check_link(const std::string& at, const Attachment& a) {
    if (a.title.empty()) {
        return broken(at + "title", "is missing");
    }
    if (!web_address(a.url)) {
        return broken(at + "url", "must begin with https:// or http://");
    }
    if (!a.pic_url.empty() && !web_address(a.pic_url)) {
        return broken(at + "pic_url", "must begin with https:// or http://");
    }
    if (Status ok = check_length(at, "title", a.title, max_link_title_bytes); !ok) {
        return ok;
    }
    if (Status ok = check_length(at, "desc", a.desc, max_link_desc_bytes); !ok) {
        return ok;
    }
    if (Status ok = check_length(at, "pic_url", a.pic_url, max_url_bytes); !ok) {
        return ok;
    }
    return check_length(at, "url", a.url, max_url_bytes);
}

Status check_miniprogram(const std::string& at, const Attachment& a) {
    if (a.title.empty() || a.appid.empty() || a.page.empty()) {
        return broken(at + "appid", "a miniprogram needs title, appid and page");
    }
    if (a.media_id == 0) {
        return broken(at + "media_id", "a miniprogram needs a cover picture");
    }
    if (Status ok = check_length(at, "title", a.title, max_miniprogram_title_bytes); !ok) {
        return ok;
    }
    if (Status ok = check_length(at, "appid", a.appid, 64); !ok) {
        return ok;
    }
    return check_length(at, "page", a.page, 1'024);
}

Status check_attachment(const std::string& at, const Attachment& a) {
    switch (a.kind) {
        case AttachmentKind::link:
            return check_link(at, a);
        case AttachmentKind::miniprogram:
            return check_miniprogram(at, a);
        case AttachmentKind::image:
            if ((a.media_id == 0) == a.pic_url.empty()) {
                return broken(at + "media_id", "an image needs either media_id or pic_url");
            }
            if (!a.pic_url.empty() && !web_address(a.pic_url)) {
                return broken(at + "pic_url", "must begin with https:// or http://");
            }
            return check_length(at, "pic_url", a.pic_url, max_url_bytes);
        case AttachmentKind::video:
        case AttachmentKind::file:
            return a.media_id == 0 ? Status{broken(at + "media_id", "is missing")} : Status{};
    }
    return broken(at + "kind", "is unknown");
}

void put_text(json::object& object, std::string_view key, const std::string& value) {
    if (!value.empty()) {
        object.emplace(key, value);
    }
}

json::object attachment_json(const Attachment& a) {
    json::object out{{"kind", to_string(a.kind)}};
    if (a.media_id != 0) {
        out.emplace("media_id", std::to_string(a.media_id));
    }
    put_text(out, "pic_url", a.pic_url);
    put_text(out, "title", a.title);
    put_text(out, "desc", a.desc);
    put_text(out, "url", a.url);
    put_text(out, "appid", a.appid);
    put_text(out, "page", a.page);
    return out;
}

Error unreadable(std::string field, std::string_view why) {
    return Error{ErrorCode::invalid, field + ": " + std::string(why), std::move(field)};
}

std::optional<AttachmentKind> parse_kind(std::string_view text) {
    for (std::size_t i = 0; i < kind_names.size(); ++i) {
        if (kind_names[i] == text) {
            return static_cast<AttachmentKind>(i);
        }
    }
    return std::nullopt;
}

std::string* text_field(Attachment& a, std::string_view key) {
    const std::array<std::pair<std::string_view, std::string*>, 6> fields{{
        {"pic_url", &a.pic_url},
        {"title", &a.title},
        {"desc", &a.desc},
        {"url", &a.url},
        {"appid", &a.appid},
        {"page", &a.page},
    }};
    for (const auto& [name, field] : fields) {
        if (name == key) {
            return field;
        }
    }
    return nullptr;
}

Result<Attachment> read_attachment(const std::string& at, const json::value& value) {
    if (!value.is_object()) {
        return unreadable(at, "must be an object");
    }
    Attachment out;
    bool has_kind = false;
    for (const auto& member : value.as_object()) {
        const std::string_view key = member.key();
        const std::string field = at + "." + std::string(key);
        if (key == "media_id") {
            const auto id = member.value().is_string() ? parse_id(member.value().as_string())
                                                       : std::optional<std::int64_t>{};
            if (!id) {
                return unreadable(field, "must be an id as a string");
            }
            out.media_id = *id;
            continue;
        }
        if (!member.value().is_string()) {
            return unreadable(field, "must be a string");
        }
        const std::string_view text = member.value().as_string();
        if (key == "kind") {
            const auto kind = parse_kind(text);
            if (!kind) {
                return unreadable(field, "must be image, link, miniprogram, video or file");
            }
            out.kind = *kind;
            has_kind = true;
        } else if (std::string* place = text_field(out, key)) {
            *place = text;
        } else {
            return unreadable(field, "is unknown");
        }
    }
    if (!has_kind) {
        return unreadable(at + ".kind", "is missing");
    }
    return out;
}

Status read_attachments(const json::value& value, MessageContent& out) {
    if (!value.is_array()) {
        return unreadable("content.attachments", "must be an array");
    }
    for (const json::value& item : value.as_array()) {
        const std::string at = "content.attachments." + std::to_string(out.attachments.size());
        Result<Attachment> attachment = read_attachment(at, item);
        if (!attachment) {
            return attachment.error();
        }
        out.attachments.push_back(std::move(*attachment));
    }
    return {};
}

const std::string* value_of(std::string_view name, const Placeholders& values) {
    if (name == "contact") {
        return &values.contact;
    }
    if (name == "member") {
        return &values.member;
    }
    return name == "channel" ? &values.channel : nullptr;
}

}  // namespace

std::string_view to_string(AttachmentKind kind) noexcept {
    return kind_names[static_cast<std::size_t>(kind)];
}

Status validate_content(const MessageContent& content) {
    if (content.empty()) {
        return broken("content.text", "text and attachments are both empty");
    }
    if (Status ok = check_length("content.", "text", content.text, max_text_bytes); !ok) {
        return ok;
    }
    if (content.attachments.size() > max_attachments) {
        return broken("content.attachments", "at most 9 are allowed");
    }
    for (std::size_t i = 0; i < content.attachments.size(); ++i) {
        const std::string at = "content.attachments." + std::to_string(i) + ".";
        if (Status ok = check_attachment(at, content.attachments[i]); !ok) {
            return ok;
        }
    }
    return {};
}

std::string encode_content(const MessageContent& content) {
    json::array attachments;
    for (const Attachment& a : content.attachments) {
        attachments.push_back(attachment_json(a));
    }
    return to_text(json::object{{"text", content.text}, {"attachments", std::move(attachments)}});
}

Result<MessageContent> decode_content(std::string_view text) {
    MessageContent out;
    if (text.empty()) {
        return out;
    }
    const Result<json::value> value = parse_json(text);
    if (!value) {
        return value.error();
    }
    if (value->is_null()) {
        return out;
    }
    if (!value->is_object()) {
        return unreadable("content", "must be an object with text and attachments");
    }
    for (const auto& member : value->as_object()) {
        if (member.key() == "text" && member.value().is_string()) {
            out.text = member.value().as_string();
        } else if (member.key() == "attachments") {
            if (Status ok = read_attachments(member.value(), out); !ok) {
                return ok.error();
            }
        } else {
            return unreadable("content." + std::string(member.key()), "is unknown or not a string");
        }
    }
    return out;
}

std::string fill_placeholders(std::string_view text, const Placeholders& values) {
    // Values share what the text itself leaves free.
    std::string out;
    std::size_t fixed = text.size();
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t end = text[i] == '{' ? text.find('}', i) : std::string_view::npos;
        const std::string* value = end == std::string_view::npos
                                       ? nullptr
                                       : value_of(text.substr(i + 1, end - i - 1), values);
        if (value == nullptr) {
            out.push_back(text[i]);
            ++i;
            continue;
        }
        fixed -= end + 1 - i;
        const std::size_t room = fixed < max_text_bytes ? max_text_bytes - fixed : 0;
        const std::string_view cut = utf8_prefix(*value, room);
        out += cut;
        fixed += cut.size();
        i = end + 1;
    }
    return out;
}

bool names_contact(const MessageContent& content) noexcept {
    return content.text.find("{contact}") != std::string::npos;
}

}  // namespace leadbridge::crm
