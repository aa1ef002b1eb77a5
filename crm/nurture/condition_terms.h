#pragma once
// Reads the leaves of a condition: references, fields, events. `at` is the JSON pointer of the
// object. Private to this room: the parser is condition.h.

#include <string>
#include <string_view>

#include "base/json.h"
#include "crm/nurture/condition.h"

namespace leadbridge::crm {

Result<Condition> read_reference_term(
    const json::object& object, std::string_view key, const std::string& at
);
Result<Condition> read_field_term(
    const json::object& object, const std::string& at, const ConditionLimits& limits
);
Result<Condition> read_event_term(const json::object& object, const std::string& at);

}  // namespace leadbridge::crm
