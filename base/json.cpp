#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace leadbridge {

namespace {

// A number too large for a double is read as infinity, which cannot be written again.
bool finite(const json::value& value) {
    if (const double* number = value.if_double()) {
        return std::isfinite(*number);
    }
    if (const json::array* items = value.if_array()) {
        return std::all_of(items->begin(), items->end(), finite);
    }
    if (const json::object* object = value.if_object()) {
        return std::all_of(object->begin(), object->end(), [](const auto& member) {
            return finite(member.value());
        });
    }
    return true;
}

}  // namespace

Result<json::value> parse_json(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.max_bytes) {
        return Error{
            ErrorCode::too_large, "JSON: more than " + std::to_string(limits.max_bytes) + " bytes"};
    }
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    json::parse_options options;
    options.max_depth = static_cast<std::size_t>(limits.max_depth);
    json::error_code error;
    json::value value = json::parse(text, error, {}, options);
    if (error == json::error::too_deep) {
        return Error{
            ErrorCode::too_large, "JSON: nested deeper than " + std::to_string(limits.max_depth)};
    }
    if (error) {
        return Error{ErrorCode::invalid, "JSON: " + error.message()};
    }
    if (!finite(value)) {
        return Error{ErrorCode::invalid, "JSON: a number is out of range"};
    }
    return value;
}

std::string to_text(const json::value& value) {
    return json::serialize(value);
}

std::string json_string(
    const json::object& object, std::string_view key, std::string_view fallback
) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr) {
        return std::string(fallback);
    }
    if (const json::string* text = value->if_string()) {
        return std::string(*text);
    }
    return value->is_number() ? json::serialize(*value) : std::string(fallback);
}

std::int64_t json_int(const json::object& object, std::string_view key, std::int64_t fallback) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr) {
        return fallback;
    }
    if (const std::int64_t* number = value->if_int64()) {
        return *number;
    }
    if (const double* number = value->if_double()) {
        const bool whole = std::trunc(*number) == *number && std::abs(*number) < 0x1p63;
        return whole ? static_cast<std::int64_t>(*number) : fallback;
    }
    if (const json::string* text = value->if_string()) {
        std::int64_t number = 0;
        const char* end = text->data() + text->size();
        const auto [stop, error] = std::from_chars(text->data(), end, number);
        return error == std::errc{} && stop == end ? number : fallback;
    }
    return fallback;
}

bool json_bool(const json::object& object, std::string_view key, bool fallback) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr) {
        return fallback;
    }
    if (const bool* flag = value->if_bool()) {
        return *flag;
    }
    if (const json::string* text = value->if_string();
        text != nullptr && (*text == "true" || *text == "false")) {
        return *text == "true";
    }
    return json_int(object, key, fallback ? 1 : 0) != 0;
}

const json::array* json_array(const json::object& object, std::string_view key) noexcept {
    const json::value* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_array();
}

const json::object* json_object(const json::object& object, std::string_view key) noexcept {
    const json::value* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_object();
}

const json::value* json_pointer(const json::value& root, std::string_view pointer) noexcept {
    json::error_code error;
    return root.find_pointer(pointer, error);
}

}  // namespace leadbridge
