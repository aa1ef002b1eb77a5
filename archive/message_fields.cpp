#include "archive/message_fields.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace leadbridge::archive {

namespace {

constexpr std::size_t max_parts = 1'000;
constexpr int max_nesting = 4;
constexpr std::size_t max_shown_fields = 16U << 10;

void read_items(const json::array& items, int depth, Parts& into);

void add_file(MediaRef media, Part& part, Parts& into) {
    part.play_seconds = media.play_seconds;
    if (!media.fileid.empty()) {
        part.media = into.files++;
    }
    into.media.push_back(std::move(media));
}

// One item: its content is an object, or the text of one.
void read_part(const Fields& item, int depth, Parts& into) {
    Part part;
    part.depth = depth;
    part.type = item.text("type");
    part.at_ms = item.number("msgtime") * 1'000;
    part.from_chatroom =
        item.find("from_chatroom") != nullptr && *item.find("from_chatroom") == json::value(true);
    json::value parsed;
    if (const json::value* content = item.find("content")) {
        parsed = *content;
        if (const json::string* text = content->if_string()) {
            auto inner = parse_json(*text, {.max_bytes = max_message_bytes});
            parsed = inner ? std::move(*inner) : json::value(json::object{{"content", *text}});
        }
    }
    const Fields f = Fields::of(parsed);
    std::string kind = lower(part.type);
    if (kind.starts_with("chatrecord") && kind.size() > 10) {
        kind.erase(0, 10);
    }
    if (kind == "image" || kind == "video" || kind == "file" || kind == "emotion") {
        const std::string_view size_key = kind == "emotion" ? "imagesize" : "filesize";
        add_file(read_media(f, kind, size_key, kind == "video" ? "mp4" : ""), part, into);
        part.text = f.text("filename");
    } else if (kind == "voice") {
        add_file(read_voice(f), part, into);
    } else if (!f.array("item").empty() && depth < max_nesting) {
        part.text = f.text("title");
        into.parts.push_back(std::move(part));
        read_items(f.array("item"), depth + 1, into);
        return;
    } else {
        const auto keys = std::to_array<std::string_view>(
            {"content", "title", "address", "filename", "description"}
        );
        for (std::size_t i = 0; i < keys.size() && part.text.empty(); ++i) {
            part.text = f.text(keys.at(i));
        }
        const std::string below = f.text(kind == "location" ? "address" : "description");
        part.detail = below == part.text ? "" : below;
        part.url = kind == "link" ? read_link(f).url : "";
    }
    into.parts.push_back(std::move(part));
}

void read_items(const json::array& items, int depth, Parts& into) {
    for (const json::value& item : items) {
        if (into.parts.size() >= max_parts) {
            return;
        }
        read_part(Fields::of(item), depth, into);
    }
}

// What stands in every message and is shown elsewhere.
constexpr auto envelope = std::to_array<std::string_view>(
    {"msgid", "action", "from", "tolist", "roomid", "msgtime", "msgtype"}
);

// Parsed depth is bounded, so this is.
void make_showable(json::value& value) {
    if (json::array* array = value.if_array()) {
        std::ranges::for_each(*array, make_showable);
    } else if (json::object* object = value.if_object()) {
        std::vector<std::string> secret;
        for (auto& [name, inner] : *object) {
            if (lower(name) == "sdkfileid") {
                secret.emplace_back(name);
            }
            make_showable(inner);
        }
        for (const std::string& name : secret) {
            object->erase(name);
        }
    } else if (const auto* whole = value.if_int64()) {
        constexpr std::int64_t exact = 1LL << 53;
        if (*whole > exact || *whole < -exact) {
            value = std::to_string(*whole);
        }
    } else if (const auto* large = value.if_uint64()) {
        value = std::to_string(*large);
    }
}

}  // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

Fields Fields::of(const json::value& value) {
    return Fields(value.if_object());
}

const json::value* Fields::find(std::string_view key) const {
    if (object_ == nullptr) {
        return nullptr;
    }
    if (const json::value* value = object_->if_contains(key)) {
        return value;
    }
    for (const auto& [name, value] : *object_) {
        if (name.size() == key.size() && lower(name) == lower(key)) {
            return &value;
        }
    }
    return nullptr;
}

std::string Fields::text(std::string_view key) const {
    const json::value* value = find(key);
    if (value == nullptr) {
        return {};
    }
    if (const json::string* text = value->if_string()) {
        return std::string(*text);
    }
    return value->is_number() ? json::serialize(*value) : std::string{};
}

std::int64_t Fields::number(std::string_view key) const {
    const json::value* value = find(key);
    if (value == nullptr || (!value->is_number() && !value->is_string())) {
        return 0;
    }
    const json::object one{{"v", *value}};
    return json_int(one, "v");
}

double Fields::real(std::string_view key) const {
    const json::value* value = find(key);
    return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

Fields Fields::object(std::string_view key) const {
    const json::value* value = find(key);
    return Fields(value != nullptr ? value->if_object() : nullptr);
}

const json::array& Fields::array(std::string_view key) const {
    static const json::array none;
    const json::value* value = find(key);
    return value != nullptr && value->is_array() ? value->get_array() : none;
}

std::vector<std::string> Fields::texts(std::string_view key) const {
    std::vector<std::string> out;
    for (const json::value& value : array(key)) {
        if (const json::string* text = value.if_string()) {
            out.emplace_back(*text);
        }
    }
    return out;
}

MediaRef read_media(
    const Fields& f, std::string kind, std::string_view size_key, std::string_view extension
) {
    MediaRef media;
    media.kind = std::move(kind);
    media.fileid = f.text("sdkfileid");
    media.md5 = lower(f.text("md5sum"));
    media.size = std::max<std::int64_t>(0, f.number(size_key));
    media.filename = f.text("filename");
    media.extension = f.text("fileext");
    media.play_seconds = f.number("play_length");
    if (media.extension.empty()) {
        media.extension = extension;
    }
    return media;
}

MediaRef read_voice(const Fields& f) {
    MediaRef media = read_media(f, "voice", "voice_size", "amr");
    media.size = std::max(media.size, f.number("filesize"));
    return media;
}

LinkBody read_link(const Fields& f) {
    LinkBody link;
    link.title = f.text("title");
    link.description = f.text("description");
    link.url = f.find("link_url") != nullptr ? f.text("link_url") : f.text("url");
    link.image_url = f.find("image_url") != nullptr ? f.text("image_url") : f.text("picurl");
    return link;
}

Parts read_parts(const Fields& body) {
    Parts parts;
    read_items(body.array("item"), 0, parts);
    return parts;
}

std::string other_fields(const json::object& message) {
    json::object rest;
    for (const auto& [name, value] : message) {
        if (std::ranges::find(envelope, std::string_view(name)) == envelope.end()) {
            rest[name] = value;
        }
    }
    json::value out = std::move(rest);
    make_showable(out);
    std::string text = to_text(out);
    return text.size() > max_shown_fields ? std::string() : text;
}

}  // namespace leadbridge::archive
