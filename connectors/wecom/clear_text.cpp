#include "connectors/wecom/clear_text.h"

#include <array>
#include <charconv>

#include "base/json.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t latest_seconds = 100'000'000'000;  // beyond it a number is taken as ms
constexpr std::int64_t latest_ms = 9'000'000'000'000;     // the year 2255

// Names whose value lets somebody act in WeCom.
constexpr std::array<std::string_view, 9> credentials = {
    "WelcomeCode",
    "ChatKey",
    "Token",
    "SuiteTicket",
    "AuthCode",
    "OnceKey",
    "PermanentCode",
    "response_url",
    "ResponseCode"};

UnixMillis read_time(std::string_view text) {
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size() || value <= 0) {
        return 0;
    }
    if (value < latest_seconds) {
        return value * 1'000;
    }
    return value < latest_ms ? value : 0;
}

std::string scalar_text(const json::value& value) {
    if (const auto* text = value.if_string()) {
        return std::string(*text);
    }
    return value.is_null() ? std::string() : to_text(value);
}

// Keys are element names; an array is repeated siblings. Depth is bounded by the JSON parser.
XmlElement to_element(std::string_view name, const json::value& value) {
    XmlElement out;
    out.name = std::string(name);
    if (const auto* object = value.if_object()) {
        for (const auto& [key, child] : *object) {
            if (const auto* list = child.if_array()) {
                for (const auto& item : *list) {
                    out.children.push_back(to_element(key, item));
                }
            } else {
                out.children.push_back(to_element(key, child));
            }
        }
    } else {
        out.text = scalar_text(value);
    }
    return out;
}

Result<XmlElement> read_fields(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return Error{ErrorCode::invalid, "the clear text is empty"};
    }
    text.remove_prefix(first);
    if (text.front() != '{') {
        return parse_xml(text);
    }
    auto parsed = parse_json(text);
    if (!parsed) {
        return std::move(parsed).error();
    }
    return to_element("json", *parsed);
}

void hide_xml(std::string& text, std::string_view name) {
    const std::string open = "<" + std::string(name) + ">";
    const std::string close = "</" + std::string(name) + ">";
    for (auto at = text.find(open); at != std::string::npos; at = text.find(open, at + 1)) {
        const auto from = at + open.size();
        const auto end = text.find(close, from);
        text.replace(from, (end == std::string::npos ? text.size() : end) - from, "***");
    }
}

void hide_json(std::string& text, std::string_view name) {
    const std::string key = "\"" + std::string(name) + "\"";
    for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
        auto from = text.find_first_not_of(" \t\r\n:", at + key.size());
        if (from == std::string::npos) {
            return;
        }
        auto end = from + 1;
        if (text[from] == '"') {
            while (end < text.size() && text[end] != '"') {
                end += text[end] == '\\' ? 2 : 1;
            }
            end = end < text.size() ? end + 1 : text.size();
        } else {
            end = text.find_first_of(",}", from);
            end = end == std::string::npos ? text.size() : end;
        }
        text.replace(from, end - from, "\"***\"");
    }
}

}  // namespace

Result<ClearText> read_clear_text(std::string_view text) {
    auto fields = read_fields(text);
    if (!fields) {
        return std::move(fields).error();
    }
    ClearText out;
    out.fields = std::move(*fields);
    const std::string_view event = out.value("Event");
    const std::string_view info = out.value("InfoType");
    out.event = lower_ascii(event.empty() ? info : event);
    out.change_type = lower_ascii(out.value("ChangeType"));
    const std::string_view time = out.value("CreateTime");
    out.at = read_time(time.empty() ? out.value("TimeStamp") : time);
    const std::string type = lower_ascii(out.value("MsgType"));
    if (!event.empty()) {
        out.form = ClearForm::app;
    } else if (!info.empty()) {
        out.form = ClearForm::suite;
        out.auth_corp = std::string(out.value("AuthCorpId"));
    } else if (out.fields.has("aibotid")) {
        out.form = ClearForm::bot;
    } else if (!type.empty() && type != "event") {
        out.form = ClearForm::message;
    } else {
        return Error{ErrorCode::invalid, "the clear text has neither Event, InfoType nor MsgType"};
    }
    return out;
}

std::string without_credentials(std::string_view text) {
    std::string out(text);
    for (const auto name : credentials) {
        hide_xml(out, name);
        hide_json(out, name);
    }
    return out;
}

std::string lower_ascii(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return out;
}

}  // namespace leadbridge::wecom
