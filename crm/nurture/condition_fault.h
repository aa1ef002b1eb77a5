#pragma once
// What every part of the condition parser refuses alike. Private to this room.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace leadbridge::crm {

// `at` is the JSON pointer of the culprit; "" is the root.
Error condition_fault(const std::string& at, std::string_view reason, std::string message);
// Refuses other members than these.
Status only_members(
    const json::object& object, std::initializer_list<std::string_view> keys, const std::string& at
);
// An id as a decimal string.
Result<std::int64_t> read_condition_id(const json::value& value, const std::string& at);

}  // namespace leadbridge::crm
