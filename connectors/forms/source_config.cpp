#include "connectors/forms/source_config.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/time_zone.h"
#include "connectors/forms/ip_range.h"
#include "connectors/forms/presets.h"

namespace leadbridge::forms {

namespace {

constexpr std::size_t max_list = 20;
constexpr std::size_t max_secret = 512;

constexpr std::pair<std::string_view, AuthKind> auth_kinds[] = {
    {"none", AuthKind::none},
    {"path", AuthKind::path},
    {"header", AuthKind::header},
    {"hmac", AuthKind::hmac},
    {"github", AuthKind::github},
    {"stripe", AuthKind::stripe},
    {"std", AuthKind::standard_webhooks},
    {"jdy", AuthKind::jdy},
    {"wjx", AuthKind::wjx},
    {"fanqier", AuthKind::fanqier},
    {"feishu", AuthKind::feishu}};

constexpr std::pair<std::string_view, TimeFormat> time_formats[] = {
    {"auto", TimeFormat::automatic},
    {"rfc3339", TimeFormat::rfc3339},
    {"local", TimeFormat::local},
    {"unix", TimeFormat::unix_seconds},
    {"unix_ms", TimeFormat::unix_ms}};

constexpr std::string_view field_names[] = {
    "id",
    "name",
    "phone",
    "email",
    "unionid",
    "external_userid",
    "openid",
    "company",
    "state",
    "form_name",
    "submitted_at"};

Error bad(std::string field, std::string_view why) {
    return Error{ErrorCode::invalid, field + " " + std::string(why), field};
}

template <class T, std::size_t n>
std::optional<T> named(const std::pair<std::string_view, T> (&list)[n], std::string_view name) {
    for (const auto& [known, value] : list) {
        if (known == name) {
            return value;
        }
    }
    return std::nullopt;
}

// A string or a list of strings.
std::optional<std::vector<std::string>> strings(const json::value& value) {
    std::vector<std::string> out;
    if (const auto* text = value.if_string()) {
        out.emplace_back(*text);
        return out;
    }
    const auto* list = value.if_array();
    if (list == nullptr || list->size() > max_list) {
        return std::nullopt;
    }
    for (const auto& item : *list) {
        if (!item.is_string()) {
            return std::nullopt;
        }
        out.emplace_back(item.as_string());
    }
    return out;
}

bool is_pointer(std::string_view text) {
    return text.empty() || text.front() == '/';
}

bool are_pointers(const std::vector<std::string>& list, std::string_view field) {
    return std::all_of(list.begin(), list.end(), [&](const std::string& text) {
        return is_pointer(text) || (field == "id" && text.starts_with("header:"));
    });
}

std::optional<Alternatives> alternatives(const json::value& value, std::string_view field) {
    Alternatives out;
    if (value.is_string()) {
        out.push_back({std::string(value.as_string())});
    } else if (const auto* list = value.if_array(); list != nullptr && list->size() <= max_list) {
        for (const auto& item : *list) {
            auto joined = strings(item);
            if (!joined || joined->empty()) {
                return std::nullopt;
            }
            out.push_back(std::move(*joined));
        }
    } else {
        return std::nullopt;
    }
    const bool right = std::all_of(out.begin(), out.end(), [&](const Joined& joined) {
        return are_pointers(joined, field);
    });
    return right ? std::optional(std::move(out)) : std::nullopt;
}

Status read_auth_key(FormAuth& auth, std::string_view key, const json::value& value) {
    const std::string field = "auth." + std::string(key);
    const auto* text = value.if_string();
    if (key == "kind") {
        const auto kind = text == nullptr ? std::nullopt : named(auth_kinds, *text);
        if (!kind) {
            return bad(
                field,
                "is not one of none, path, header, hmac, github, stripe, std, jdy, wjx, fanqier, "
                "feishu"
            );
        }
        auth.kind = *kind;
    } else if (key == "secrets" || key == "secret") {
        auto list = strings(value);
        if (!list || std::any_of(list->begin(), list->end(), [](const std::string& s) {
                return s.size() < 4 || s.size() > max_secret;
            })) {
            return bad(field, "must be texts of 4 to 512 characters");
        }
        for (auto& secret : *list) {
            auth.secrets.emplace_back(std::move(secret));
        }
    } else if (key == "header" || key == "token") {
        if (text == nullptr || text->size() > max_secret) {
            return bad(field, "must be a text");
        }
        if (key == "header") {
            auth.header = std::string(*text);
        } else {
            auth.token = Secret(std::string(*text));
        }
    } else if (key == "tolerance_s") {
        if (!value.is_int64() || value.as_int64() < 0 || value.as_int64() > 604'800) {
            return bad(field, "must be seconds from 0 (no limit) to 604800");
        }
        auth.tolerance_s = value.as_int64();
    } else if (key == "allow_ips") {
        auto list = strings(value);
        if (!list || !std::all_of(list->begin(), list->end(), is_ip_range)) {
            return bad(field, "must be addresses or ranges like 10.0.0.0/8");
        }
        auth.allow_ips = std::move(*list);
    } else {
        return bad(field, "is not known");
    }
    return {};
}

Status read_pairs(FormMap& map, std::string_view key, const json::value& value) {
    const std::string field = "map." + std::string(key);
    const auto* object = value.if_object();
    if (object == nullptr || object->size() > 200) {
        return bad(field, "must be an object");
    }
    for (const auto& [name, item] : *object) {
        auto list = strings(item);
        if (!list || list->empty()) {
            return bad(field, "must hold texts");
        }
        if (key == "labels") {
            map.labels[std::string(name)] = list->front();
        } else {
            map.questions[std::string(name)] = std::move(*list);
        }
    }
    return {};
}

Status read_map_key(FormMap& map, std::string_view key, const json::value& value) {
    const std::string field = "map." + std::string(key);
    const auto* text = value.if_string();
    if (std::find(std::begin(field_names), std::end(field_names), key) != std::end(field_names)) {
        auto list = alternatives(value, key);
        if (!list) {
            return bad(field, "must be a JSON pointer like /entry/field_1, or a list of them");
        }
        map.fields[std::string(key)] = std::move(*list);
    } else if (key == "time_format") {
        const auto format = text == nullptr ? std::nullopt : named(time_formats, *text);
        if (!format) {
            return bad(field, "is not one of auto, rfc3339, local, unix, unix_ms");
        }
        map.time_format = *format;
    } else if (key == "time_zone") {
        if (text == nullptr || !time_zone_exists(*text)) {
            return bad(field, "is no time zone like Asia/Shanghai");
        }
        map.time_zone = std::string(*text);
    } else if (key == "answers" || key == "unpack" || key == "omit") {
        auto list = strings(value);
        if (!list || (key != "omit" && !are_pointers(*list, key))) {
            return bad(field, key == "omit" ? "must be texts" : "must be JSON pointers");
        }
        (key == "answers"  ? map.answers
         : key == "unpack" ? map.unpack
                           : map.omit) = std::move(*list);
    } else if (key == "labels" || key == "questions") {
        return read_pairs(map, key, value);
    } else if (key == "skip") {
        const auto* object = value.if_object();
        const auto* values = object == nullptr ? nullptr : object->if_contains("values");
        auto list = values == nullptr ? std::nullopt : strings(*values);
        if (!list) {
            return bad(field, "must be {\"pointer\": \"/op\", \"values\": [..]}");
        }
        map.skip_pointer = json_string(*object, "pointer");
        map.skip_values = std::move(*list);
    } else {
        return bad(field, "is not known");
    }
    return {};
}

template <class Target, class ReadKey>
Status read_object(Target& target, std::string_view name, std::string_view text, ReadKey read_key) {
    auto parsed = parse_json(text.empty() ? "{}" : text);
    if (!parsed || !parsed->is_object()) {
        return bad(std::string(name), "must be a JSON object");
    }
    for (const auto& [key, value] : parsed->as_object()) {
        if (auto status = read_key(target, key, value); !status) {
            return status;
        }
    }
    return {};
}

Status check_whole(const FormAuth& auth) {
    const bool named_header = auth.kind == AuthKind::header || auth.kind == AuthKind::hmac;
    if (named_header && auth.header.empty()) {
        return bad("auth.header", "is missing: the name of the header that carries the proof");
    }
    const bool by_token = auth.kind == AuthKind::feishu && !auth.token.empty();
    if (auth.kind != AuthKind::none && auth.secrets.empty() && !by_token) {
        return bad("auth.secrets", "is missing: nobody could prove himself");
    }
    return {};
}

}  // namespace

std::string_view to_string(AuthKind kind) noexcept {
    for (const auto& [name, known] : auth_kinds) {
        if (known == kind) {
            return name;
        }
    }
    return "";
}

Result<SourceConfig> read_source_config(
    std::string_view kind, std::string_view auth, std::string_view map, std::string_view ack
) {
    const Preset& base = preset(kind);
    SourceConfig out;
    out.preset = std::string(base.name);
    out.ack = std::string(ack.empty() ? base.ack : ack);
    out.challenge = base.challenge;
    for (const auto text : {base.auth, auth}) {
        if (auto status = read_object(out.auth, "auth", text, read_auth_key); !status) {
            return std::move(status).error();
        }
    }
    for (const auto text : {base.map, map}) {
        if (auto status = read_object(out.map, "map", text, read_map_key); !status) {
            return std::move(status).error();
        }
    }
    if (auto status = check_whole(out.auth); !status) {
        return std::move(status).error();
    }
    return out;
}

std::vector<std::string_view> preset_names() {
    std::vector<std::string_view> out;
    for (const auto& entry : presets()) {
        out.push_back(entry.name);
    }
    return out;
}

}  // namespace leadbridge::forms
