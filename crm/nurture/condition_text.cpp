// The way back from the tree to canonical JSON.
#include "base/json.h"
#include "base/time_zone.h"
#include "crm/nurture/condition.h"

namespace leadbridge::crm {

namespace {

std::string span_text(std::int64_t ms) {
    struct Unit {
        std::int64_t ms;
        char name;
    };

    for (Unit unit : {Unit{86'400'000, 'd'}, Unit{3'600'000, 'h'}, Unit{60'000, 'm'}}) {
        if (ms % unit.ms == 0) {
            return std::to_string(ms / unit.ms) + unit.name;
        }
    }
    return std::to_string(ms / 1'000) + "s";
}

json::value field_value(const FieldTerm& term, std::size_t i) {
    if (term.field->kind == FieldKind::text) {
        return json::string(term.texts[i]);
    }
    if (term.field->kind == FieldKind::id) {
        return json::string(std::to_string(term.numbers[i]));
    }
    return term.numbers[i];
}

json::object field_json(const FieldTerm& term) {
    json::object out;
    out["field"] = term.field->name;
    out["op"] = to_string(term.op);
    switch (term.op) {
        case FieldOp::exists:
            out["value"] = term.numbers[0] != 0;
            break;
        case FieldOp::before:
        case FieldOp::after:
            out["value"] = rfc3339(term.numbers[0]);
            break;
        case FieldOp::within:
            out["value"] = span_text(term.numbers[0]);
            break;
        case FieldOp::in:
        case FieldOp::not_in: {
            json::array list;
            std::size_t n =
                term.field->kind == FieldKind::text ? term.texts.size() : term.numbers.size();
            for (std::size_t i = 0; i < n; ++i) {
                list.push_back(field_value(term, i));
            }
            out["value"] = std::move(list);
            break;
        }
        default:
            out["value"] = field_value(term, 0);
    }
    return out;
}

json::object event_json(const EventTerm& term) {
    json::object out;
    out["event"] = term.kind;
    if (term.within_ms != 0) {
        out["within"] = span_text(term.within_ms);
    }
    json::object count;
    count["gte"] = term.at_least;
    if (term.at_most) {
        count["lte"] = *term.at_most;
    }
    out["count"] = std::move(count);
    return out;
}

json::object node_json(const Condition& condition) {
    json::object out;
    switch (condition.kind) {
        case Condition::Kind::all:
        case Condition::Kind::any: {
            json::array list;
            for (const Condition& child : condition.children) {
                list.push_back(node_json(child));
            }
            out[condition.kind == Condition::Kind::all ? "all" : "any"] = std::move(list);
            break;
        }
        case Condition::Kind::negate:
            out["not"] = node_json(condition.children[0]);
            break;
        case Condition::Kind::tag:
            out["tag"] = std::to_string(condition.id);
            break;
        case Condition::Kind::segment:
            out["segment"] = std::to_string(condition.id);
            break;
        case Condition::Kind::field:
            return field_json(condition.field);
        case Condition::Kind::event:
            return event_json(condition.event);
    }
    return out;
}

}  // namespace

std::string condition_text(const Condition& condition) {
    return to_text(node_json(condition));
}

}  // namespace leadbridge::crm
