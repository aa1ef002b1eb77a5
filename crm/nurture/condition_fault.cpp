#include "crm/nurture/condition_fault.h"

#include <algorithm>

#include "base/id.h"

namespace leadbridge::crm {

Error condition_fault(const std::string& at, std::string_view reason, std::string message) {
    return Error{
        .code = ErrorCode::rule_broken,
        .message = (at.empty() ? std::string("/") : at) + ": " + std::move(message),
        .reason = std::string(reason)};
}

Status only_members(
    const json::object& object, std::initializer_list<std::string_view> keys, const std::string& at
) {
    for (const auto& member : object) {
        std::string_view key = member.key();
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
            std::string names;
            for (std::string_view k : keys) {
                names += (names.empty() ? "" : ", ") + std::string(k);
            }
            return condition_fault(
                at, "condition_unknown_member", "only " + names + " may stand here"
            );
        }
    }
    return {};
}

Result<std::int64_t> read_condition_id(const json::value& value, const std::string& at) {
    const json::string* text = value.if_string();
    const std::optional<std::int64_t> id = text == nullptr ? std::nullopt : parse_id(*text);
    if (!id) {
        return condition_fault(at, "condition_bad_id", "expected an id as a decimal string");
    }
    return *id;
}

}  // namespace leadbridge::crm
