#include "crm/staff/list_text.h"

#include "base/id.h"
#include "base/json.h"

namespace leadbridge::crm {

std::string strings_text(const std::vector<std::string>& values) {
    json::array out;
    for (const std::string& value : values) {
        out.emplace_back(value);
    }
    return to_text(out);
}

std::vector<std::string> text_strings(std::string_view text) {
    std::vector<std::string> out;
    const Result<json::value> value = parse_json(text);
    if (!value || !value->is_array()) {
        return out;
    }
    for (const json::value& item : value->as_array()) {
        if (item.is_string()) {
            out.emplace_back(item.as_string());
        }
    }
    return out;
}

std::string ids_text(const std::vector<std::int64_t>& values) {
    json::array out;
    for (const std::int64_t value : values) {
        out.emplace_back(std::to_string(value));
    }
    return to_text(out);
}

std::vector<std::int64_t> text_ids(std::string_view text) {
    std::vector<std::int64_t> out;
    for (const std::string& item : text_strings(text)) {
        if (const auto id = parse_id(item)) {
            out.push_back(*id);
        }
    }
    return out;
}

std::string object_text(std::initializer_list<std::pair<std::string_view, std::string_view>> fields
) {
    json::object out;
    for (const auto& [key, value] : fields) {
        out.emplace(key, value);
    }
    return to_text(out);
}

std::size_t characters(std::string_view text) noexcept {
    std::size_t n = 0;
    for (const char c : text) {
        n += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
    }
    return n;
}

}  // namespace leadbridge::crm
