#pragma once
// The leaves of a condition and what reading them shares. Private to this room: the parser is
// condition.h.

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.h"
#include "crm/nurture/condition.h"

namespace leadbridge::crm {

// `at` is the JSON pointer of the culprit; "" is the root.
Error condition_fault(const std::string& at, std::string_view reason, std::string message);
// Refuses other members than these.
Status only_members(
    const json::object& object, std::initializer_list<std::string_view> keys, const std::string& at
);

Result<Condition> read_reference_term(
    const json::object& object, std::string_view key, const std::string& at
);
Result<Condition> read_field_term(
    const json::object& object, const std::string& at, const ConditionLimits& limits
);
Result<Condition> read_event_term(const json::object& object, const std::string& at);

}  // namespace leadbridge::crm
