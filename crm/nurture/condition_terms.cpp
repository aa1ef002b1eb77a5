#include "crm/nurture/condition_terms.h"

#include <algorithm>

#include "crm/nurture/condition_fault.h"
#include "crm/nurture/condition_values.h"

namespace leadbridge::crm {

namespace {

constexpr std::int64_t max_count = 1'000'000;

bool event_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    });
}

// {"gte": n, "lte": m}; lte alone leaves 0 as the lower bound, so that "at most 2" holds for
// none.
Status event_count(EventTerm& term, const json::value& value, const std::string& at) {
    const json::object* object = value.if_object();
    if (object == nullptr || object->empty()) {
        return condition_fault(
            at, "condition_bad_value", "expected {\"gte\": n}, {\"lte\": n} or both"
        );
    }
    if (Status s = only_members(*object, {"gte", "lte"}, at); !s) {
        return s;
    }
    term.at_least = 0;
    for (const auto& member : *object) {
        const std::int64_t* n = member.value().if_int64();
        if (n == nullptr || *n < 0 || *n > max_count) {
            return condition_fault(
                at + "/" + std::string(member.key()),
                "condition_bad_value",
                "expected a whole number from 0 to 1000000"
            );
        }
        if (member.key() == "gte") {
            term.at_least = *n;
        } else {
            term.at_most = *n;
        }
    }
    return {};
}

}  // namespace

Result<Condition> read_reference_term(
    const json::object& object, std::string_view key, const std::string& at
) {
    if (Status s = only_members(object, {key}, at); !s) {
        return s.error();
    }
    Result<std::int64_t> id = read_condition_id(object.at(key), at + "/" + std::string(key));
    if (!id) {
        return id.error();
    }
    Condition out;
    out.kind = key == "tag" ? Condition::Kind::tag : Condition::Kind::segment;
    out.id = *id;
    return out;
}

Result<Condition> read_field_term(
    const json::object& object, const std::string& at, const ConditionLimits& limits
) {
    if (Status s = only_members(object, {"field", "op", "value"}, at); !s) {
        return s.error();
    }
    const json::string* name = object.at("field").if_string();
    const ConditionField* known = name == nullptr ? nullptr : find_condition_field(*name);
    if (known == nullptr) {
        std::string names;
        for (const ConditionField& f : condition_fields()) {
            names += (names.empty() ? "" : ", ") + std::string(f.name);
        }
        return condition_fault(
            at + "/field", "condition_unknown_field", "expected one of " + names
        );
    }
    Result<FieldOp> op = read_field_op(*known, object.if_contains("op"), at + "/op");
    if (!op) {
        return op.error();
    }
    const json::value* value = object.if_contains("value");
    if (value == nullptr) {
        return condition_fault(at + "/value", "condition_value_missing", "a value is required");
    }
    Condition out;
    out.kind = Condition::Kind::field;
    out.field.field = known;
    out.field.op = *op;
    if (Status s = read_field_value(out.field, *value, at + "/value", limits); !s) {
        return s.error();
    }
    return out;
}

Result<Condition> read_event_term(const json::object& object, const std::string& at) {
    if (Status s = only_members(object, {"event", "within", "count"}, at); !s) {
        return s.error();
    }
    const json::string* name = object.at("event").if_string();
    if (name == nullptr || !event_name(*name)) {
        return condition_fault(
            at + "/event",
            "condition_bad_event",
            "expected the kind of a timeline event such as \"messages_seen\""
        );
    }
    Condition out;
    out.kind = Condition::Kind::event;
    out.event.kind = std::string(*name);
    if (const json::value* within = object.if_contains("within")) {
        const json::string* text = within->if_string();
        std::optional<std::int64_t> span = text == nullptr ? std::nullopt : parse_span(*text);
        if (!span) {
            return condition_fault(
                at + "/within", "condition_bad_value", "expected a span such as \"12h\" or \"7d\""
            );
        }
        out.event.within_ms = *span;
    }
    if (const json::value* count = object.if_contains("count")) {
        if (Status s = event_count(out.event, *count, at + "/count"); !s) {
            return s.error();
        }
    }
    return out;
}

}  // namespace leadbridge::crm
