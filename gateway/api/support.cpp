#include "gateway/api/support.h"

#include <algorithm>

namespace leadbridge::gateway {

namespace {

// A condition that finds people by part of a phone or an e-mail address would tell, digit by digit,
// what is masked.
bool asks_for_masked(const json::value& value) {
    if (value.is_array()) {
        const json::array& items = value.get_array();
        return std::any_of(items.begin(), items.end(), asks_for_masked);
    }
    if (!value.is_object()) {
        return false;
    }
    const json::object& object = value.get_object();
    const std::string field = json_string(object, "field");
    const std::string op = json_string(object, "op");
    if ((field == "phone" || field == "email") && !op.empty() && op != "exists" && op != "eq") {
        return true;
    }
    return std::any_of(object.begin(), object.end(), [](const auto& member) {
        return asks_for_masked(member.value());
    });
}

}  // namespace

Result<Body> Body::of(const ApiRequest& request) {
    if (request.http().body.empty()) {
        return Body(json::object{});
    }
    const std::string_view type = request.http().headers.get("Content-Type");
    if (!type.empty() && !type.starts_with("application/json") &&
        !type.starts_with("application/merge-patch+json")) {
        return Error{ErrorCode::unsupported, "send application/json", "bad_content_type"};
    }
    auto value = parse_json(request.http().body);
    if (!value && value.error().code == ErrorCode::too_large) {
        // Its size was looked at before.
        return Error{
            ErrorCode::rule_broken, "the body is nested deeper than 32 levels", "body_too_deep"};
    }
    if (!value) {
        return std::move(value).error();
    }
    if (!value->is_object()) {
        return Error{ErrorCode::invalid, "the body must be a JSON object", "bad_body"};
    }
    if (!request.caller().may(crm::Permission::contacts_phones) && asks_for_masked(*value)) {
        return Error{
            ErrorCode::forbidden,
            "your role does not see phones and e-mail addresses: ask for them only by exists or eq",
            "permission_missing"};
    }
    return Body(std::move(value->get_object()));
}

const json::value* Body::take(std::string_view key) {
    taken_.emplace_back(key);
    return object_.if_contains(key);
}

void Body::fault(std::string_view key, std::string_view why) {
    if (fault_text_.empty()) {
        fault_field_ = prefix_ + std::string(key);
        fault_text_ = why;
    }
}

void Body::absorb(const Body& nested) {
    if (Status status = nested.finish(); !status && fault_text_.empty()) {
        fault_field_ = nested.fault_field_;
        fault_text_ = status.error().message;
    }
}

Status Body::finish() const {
    if (!fault_text_.empty()) {
        return Error{ErrorCode::rule_broken, fault_field_ + ": " + fault_text_, "bad_field"};
    }
    for (const auto& item : object_) {
        if (std::find(taken_.begin(), taken_.end(), std::string_view(item.key())) == taken_.end()) {
            return Error{
                ErrorCode::rule_broken,
                prefix_ + std::string(item.key()) + ": unknown field",
                "unknown_field"};
        }
    }
    return {};
}

std::optional<std::string> Body::text_opt(std::string_view key) {
    const json::value* value = take(key);
    if (value == nullptr || value->is_null()) {
        return std::nullopt;
    }
    if (!value->is_string()) {
        fault(key, "must be a string");
        return std::nullopt;
    }
    if (value->get_string().find('\0') != json::string::npos) {
        fault(key, "must not hold the character U+0000");
        return std::nullopt;
    }
    return std::string(value->get_string());
}

std::string Body::text(std::string_view key, std::string_view fallback) {
    return text_opt(key).value_or(std::string(fallback));
}

std::string Body::required(std::string_view key) {
    auto value = text_opt(key);
    if (!value || value->empty()) {
        fault(key, "is required");
        return {};
    }
    return std::move(*value);
}

std::int64_t Body::number(std::string_view key, std::int64_t fallback) {
    const json::value* value = take(key);
    if (value == nullptr || value->is_null()) {
        return fallback;
    }
    if (!value->is_int64()) {
        fault(key, "must be a whole number");
        return fallback;
    }
    return value->get_int64();
}

double Body::real(std::string_view key, double fallback) {
    const json::value* value = take(key);
    if (value == nullptr || value->is_null()) {
        return fallback;
    }
    if (!value->is_number()) {
        fault(key, "must be a number");
        return fallback;
    }
    return value->to_number<double>();
}

std::optional<bool> Body::flag_opt(std::string_view key) {
    const json::value* value = take(key);
    if (value == nullptr || value->is_null()) {
        return std::nullopt;
    }
    if (!value->is_bool()) {
        fault(key, "must be true or false");
        return std::nullopt;
    }
    return value->get_bool();
}

bool Body::flag(std::string_view key, bool fallback) {
    return flag_opt(key).value_or(fallback);
}

std::int64_t Body::id(std::string_view key) {
    const auto value = text_opt(key);
    if (!value) {
        return 0;
    }
    const auto parsed = parse_id(*value);
    if (!parsed) {
        fault(key, "must be an id as a decimal string");
    }
    return parsed.value_or(0);
}

std::vector<std::int64_t> Body::ids(std::string_view key) {
    std::vector<std::int64_t> out;
    for (const std::string& text : texts(key)) {
        if (auto parsed = parse_id(text)) {
            out.push_back(*parsed);
        } else {
            fault(key, "must be a list of ids as decimal strings");
        }
    }
    return out;
}

std::vector<std::string> Body::texts(std::string_view key) {
    std::vector<std::string> out;
    const json::value* value = take(key);
    if (value == nullptr || value->is_null()) {
        return out;
    }
    if (!value->is_array()) {
        fault(key, "must be a list of strings");
        return out;
    }
    for (const json::value& item : value->get_array()) {
        if (!item.is_string()) {
            fault(key, "must be a list of strings");
            return out;
        }
        out.emplace_back(item.get_string());
    }
    return out;
}

std::optional<Body> Body::object(std::string_view key) {
    const json::value* value = take(key);
    if (value == nullptr || value->is_null()) {
        return std::nullopt;
    }
    if (!value->is_object()) {
        fault(key, "must be an object");
        return std::nullopt;
    }
    return Body(value->get_object(), prefix_ + std::string(key) + ".");
}

std::vector<Body> Body::objects(std::string_view key) {
    std::vector<Body> out;
    const json::value* value = take(key);
    if (value == nullptr || value->is_null()) {
        return out;
    }
    if (!value->is_array()) {
        fault(key, "must be a list of objects");
        return out;
    }
    for (std::size_t i = 0; i < value->get_array().size(); ++i) {
        const json::value& item = value->get_array()[i];
        if (!item.is_object()) {
            fault(key, "must be a list of objects");
            return out;
        }
        out.emplace_back(
            item.get_object(), prefix_ + std::string(key) + "." + std::to_string(i) + "."
        );
    }
    return out;
}

std::string Body::raw(std::string_view key, std::string_view fallback) {
    const json::value* value = take(key);
    return value == nullptr || value->is_null() ? std::string(fallback) : to_text(*value);
}

UnixMillis Body::time(std::string_view key) {
    const auto text = text_opt(key);
    if (!text) {
        return 0;
    }
    auto parsed = parse_rfc3339(*text);
    if (!parsed) {
        fault(key, "must be an RFC 3339 time");
        return 0;
    }
    return *parsed;
}

Error at_condition(Error error) {
    if (error.reason == "body_too_deep") {
        return Error{
            ErrorCode::rule_broken, "condition: terms may be nested 8 deep", "condition_too_deep"};
    }
    if (error.message.starts_with("/: ")) {
        error.message.replace(0, 1, "condition");
    } else if (error.message.starts_with('/')) {
        error.message.insert(0, "condition");
    }
    return error;
}

Result<crm::Page> page_of(const ApiRequest& request) {
    auto limit = request.limit();
    if (!limit) {
        return std::move(limit).error();
    }
    auto cursor = request.cursor();
    if (!cursor) {
        return std::move(cursor).error();
    }
    return crm::Page{cursor->value_or(0), *limit};
}

Result<std::optional<std::int64_t>> if_match_opt(const ApiRequest& request) {
    if (!request.http().headers.has("If-Match")) {
        return std::optional<std::int64_t>{};
    }
    auto version = request.if_match();
    if (!version) {
        return std::move(version).error();
    }
    return std::optional<std::int64_t>{*version};
}

json::value time_json(UnixMillis ms) {
    return ms == 0 ? json::value(nullptr) : json::value(rfc3339(ms));
}

Response object_response(const json::object& object, std::int64_t version, int status) {
    Response response = Response::json(status, to_text(object));
    if (version > 0) {
        response.headers.set("ETag", etag(version));
    }
    return response;
}

Response created_response(const json::object& object, std::int64_t version, std::string location) {
    Response response = object_response(object, version, 201);
    response.headers.set("Location", std::move(location));
    return response;
}

}  // namespace leadbridge::gateway
