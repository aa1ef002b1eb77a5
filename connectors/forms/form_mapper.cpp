#include "connectors/forms/form_mapper.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/time_zone.h"
#include "connectors/forms/form_body.h"

namespace leadbridge::forms {

namespace {

constexpr std::size_t max_field_bytes = 300;
constexpr UnixMillis earliest_ms = 946'684'800'000;  // 2000
constexpr UnixMillis latest_ms = 4'102'444'800'000;  // 2100

std::string trimmed(std::string text) {
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

// Strings that hold JSON become what they hold; text that is none stays.
void unpack(json::value& root, const std::vector<std::string>& pointers) {
    for (const auto& pointer : pointers) {
        json::error_code error;
        auto* value = root.find_pointer(pointer, error);
        if (value == nullptr || !value->is_string()) {
            continue;
        }
        auto inner = parse_json(std::string_view(value->as_string()));
        if (inner) {
            *value = std::move(*inner);
        }
    }
}

class Reader {
public:
    Reader(const FormMap& map, const json::value& root, const Headers& headers)
        : map_(map), root_(root), headers_(headers) {
        for (const auto& pointer : map.answers) {
            if (const auto* value = json_pointer(root, pointer)) {
                answers_ = read_answers(*value);
                break;
            }
        }
    }

    std::string field(std::string_view name) const {
        const auto found = map_.fields.find(name);
        if (found != map_.fields.end()) {
            for (const auto& joined : found->second) {
                if (auto text = all_of(joined); !text.empty()) {
                    return text;
                }
            }
        }
        return from_question(name);
    }

    std::vector<crm::FormAnswer> answers() const {
        std::vector<crm::FormAnswer> out;
        for (const auto& entry : answers_) {
            if (std::find(map_.omit.begin(), map_.omit.end(), entry.id) != map_.omit.end()) {
                continue;
            }
            out.push_back(entry.answer);
            if (const auto label = map_.labels.find(entry.id); label != map_.labels.end()) {
                out.back().question = label->second;
            }
        }
        return out;
    }

    bool skipped() const {
        const auto* value =
            map_.skip_values.empty() ? nullptr : json_pointer(root_, map_.skip_pointer);
        return value != nullptr && std::find(
                                       map_.skip_values.begin(),
                                       map_.skip_values.end(),
                                       flat_text(*value, max_field_bytes)
                                   ) != map_.skip_values.end();
    }

private:
    std::string part(const std::string& place) const {
        if (place.starts_with("header:")) {
            return trimmed(std::string(headers_.get(std::string_view(place).substr(7))))
                .substr(0, max_field_bytes);
        }
        const auto* value = json_pointer(root_, place);
        return value == nullptr ? "" : trimmed(flat_text(*value, max_field_bytes));
    }

    std::string all_of(const Joined& joined) const {
        std::string out;
        for (const auto& place : joined) {
            const std::string text = part(place);
            if (text.empty()) {
                return {};
            }
            out += out.empty() ? "" : "/";
            out += text;
        }
        return out;
    }

    // A field may be the answer to a question that is known by its label or id only.
    std::string from_question(std::string_view name) const {
        const auto wanted = map_.questions.find(name);
        if (wanted == map_.questions.end()) {
            return {};
        }
        for (const auto& label : wanted->second) {
            for (const auto& entry : answers_) {
                if (entry.id == label || entry.answer.question == label) {
                    return trimmed(entry.answer.answer);
                }
            }
        }
        return {};
    }

    const FormMap& map_;
    const json::value& root_;
    const Headers& headers_;
    std::vector<LabelledAnswer> answers_;
};

std::optional<std::int64_t> whole(std::string_view text) {
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size() || value < 0) {
        return std::nullopt;
    }
    return value;
}

UnixMillis read_number_time(const FormMap& map, std::int64_t number) {
    constexpr std::int64_t seconds_end = 100'000'000'000;
    const bool seconds = map.time_format == TimeFormat::unix_seconds ||
                         (map.time_format == TimeFormat::automatic && number < seconds_end);
    return seconds && number < seconds_end ? number * 1'000 : number;
}

UnixMillis read_time(const FormMap& map, const std::string& text) {
    UnixMillis out = 0;
    if (const auto number = whole(text);
        number && map.time_format != TimeFormat::local && map.time_format != TimeFormat::rfc3339) {
        out = read_number_time(map, *number);
    } else if (text.find('T') != std::string::npos && map.time_format != TimeFormat::local) {
        out = parse_rfc3339(text).value_or(0);
    } else if (map.time_format == TimeFormat::automatic || map.time_format == TimeFormat::local) {
        out = parse_local(text, map.time_zone).value_or(0);
    }
    return out >= earliest_ms && out < latest_ms ? out : 0;
}

void add_identities(const Reader& reader, crm::FormSubmitted& form) {
    using crm::IdentityKind;
    constexpr std::pair<std::string_view, IdentityKind> kinds[] = {
        {"external_userid", IdentityKind::external_userid},
        {"unionid", IdentityKind::unionid},
        {"phone", IdentityKind::phone},
        {"email", IdentityKind::email},
        {"openid", IdentityKind::openid}};
    for (const auto& [name, kind] : kinds) {
        if (auto value = reader.field(name); !value.empty()) {
            form.identities.push_back(crm::Identity{kind, std::move(value)});
        }
    }
}

}  // namespace

Result<MappedForm> map_form(const FormMap& map, std::string_view body, const Headers& headers) {
    auto root = parse_form_body(body);
    if (!root) {
        return std::move(root).error();
    }
    unpack(*root, map.unpack);
    const Reader reader(map, *root, headers);
    MappedForm out;
    out.delivery_id = reader.field("id");
    out.submitted_ms = read_time(map, reader.field("submitted_at"));
    out.skipped = reader.skipped();
    add_identities(reader, out.form);
    out.form.name = reader.field("name");
    out.form.company = reader.field("company");
    out.form.state = reader.field("state");
    out.form.form_name = reader.field("form_name");
    out.form.answers = reader.answers();
    out.mapped = !out.form.identities.empty() || !out.form.name.empty();
    return out;
}

}  // namespace leadbridge::forms
