#pragma once
// JSON over Boost.JSON. Include in .cpp files only; headers pass structs or text.

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/result.h"

namespace leadbridge {

namespace json = boost::json;

struct JsonLimits {
    std::size_t max_bytes = 1 << 20;
    int max_depth = 32;
};

// Refuses invalid UTF-8, trailing bytes, duplicate use of the limits above; never throws for any
// input.
Result<json::value> parse_json(std::string_view text, const JsonLimits& limits = {});
std::string to_text(const json::value& value);

// Tolerant readers: WeCom sends numbers as strings here and there.
std::string json_string(
    const json::object& object, std::string_view key, std::string_view fallback = ""
);
std::int64_t json_int(const json::object& object, std::string_view key, std::int64_t fallback = 0);
bool json_bool(const json::object& object, std::string_view key, bool fallback = false);
const json::array* json_array(
    const json::object& object, std::string_view key
) noexcept;  // nullptr unless an array
const json::object* json_object(
    const json::object& object, std::string_view key
) noexcept;  // nullptr unless an object

// RFC 6901. nullptr when nothing is there; a malformed pointer finds nothing.
const json::value* json_pointer(const json::value& root, std::string_view pointer) noexcept;

template <class Tag>
json::string id_json(Id<Tag> id) {
    return json::string(id.str());
}

}  // namespace leadbridge
