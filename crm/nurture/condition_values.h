#pragma once
// The operator and the value of a field term, by the kind of the field. Private to this room.

#include <string>

#include "base/json.h"
#include "crm/nurture/condition.h"

namespace leadbridge::crm {

// `at` is the JSON pointer of the culprit. op: nullptr = absent, which is refused.
Result<FieldOp> read_field_op(
    const ConditionField& field, const json::value* op, const std::string& at
);
// Into term.texts or term.numbers; term.field and term.op say which.
Status read_field_value(
    FieldTerm& term, const json::value& value, const std::string& at, const ConditionLimits& limits
);

}  // namespace leadbridge::crm
