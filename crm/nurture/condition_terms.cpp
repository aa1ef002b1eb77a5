#include "crm/nurture/condition_terms.h"

#include <algorithm>
#include <array>

#include "base/id.h"
#include "base/time_zone.h"

namespace leadbridge::crm {

namespace {

constexpr std::int64_t max_count = 1'000'000;

constexpr std::array<std::string_view, 11> op_names{
    "eq", "ne", "in", "not_in", "exists", "gte", "lte", "contains", "before", "after", "within"};

std::optional<FieldOp> parse_op(std::string_view text) {
    for (std::size_t i = 0; i < op_names.size(); ++i) {
        if (op_names[i] == text) {
            return static_cast<FieldOp>(i);
        }
    }
    return std::nullopt;
}

std::string_view ops_of(FieldKind kind) {
    switch (kind) {
        case FieldKind::text:
            return "eq, ne, in, not_in, exists, contains";
        case FieldKind::number:
            return "eq, ne, in, not_in, exists, gte, lte";
        case FieldKind::id:
            return "eq, ne, in, not_in, exists";
        case FieldKind::time:
            return "exists, before, after, within";
    }
    return "";
}

bool op_fits(FieldKind kind, FieldOp op) {
    switch (op) {
        case FieldOp::exists:
            return true;
        case FieldOp::eq:
        case FieldOp::ne:
        case FieldOp::in:
        case FieldOp::not_in:
            return kind != FieldKind::time;
        case FieldOp::gte:
        case FieldOp::lte:
            return kind == FieldKind::number;
        case FieldOp::contains:
            return kind == FieldKind::text;
        case FieldOp::before:
        case FieldOp::after:
        case FieldOp::within:
            return kind == FieldKind::time;
    }
    return false;
}

std::optional<std::int64_t> id_of(const json::value& value) {
    const json::string* text = value.if_string();
    return text == nullptr ? std::nullopt : parse_id(*text);
}

// Reads the value of a field term.
class ValueReader {
public:
    explicit ValueReader(const ConditionLimits& limits) : limits_(limits) {}

    Status values(FieldTerm& term, const json::value& value, const std::string& at) {
        switch (term.op) {
            case FieldOp::exists: {
                const bool* wanted = value.if_bool();
                if (wanted == nullptr) {
                    return condition_fault(at, "condition_bad_value", "expected true or false");
                }
                term.numbers.push_back(*wanted ? 1 : 0);
                return {};
            }
            case FieldOp::in:
            case FieldOp::not_in:
                return value_list(term, value, at);
            case FieldOp::before:
            case FieldOp::after:
            case FieldOp::within:
                return time_value(term, value, at);
            default:
                return one_value(term, value, at);
        }
    }

private:
    Status value_list(FieldTerm& term, const json::value& value, const std::string& at) {
        const json::array* list = value.if_array();
        if (list == nullptr || list->empty() ||
            list->size() > static_cast<std::size_t>(limits_.values)) {
            return condition_fault(
                at,
                "condition_bad_value",
                "expected a list of 1 to " + std::to_string(limits_.values) + " values"
            );
        }
        for (std::size_t i = 0; i < list->size(); ++i) {
            if (Status s = one_value(term, (*list)[i], at + "/" + std::to_string(i)); !s) {
                return s;
            }
        }
        return {};
    }

    static Status time_value(FieldTerm& term, const json::value& value, const std::string& at) {
        const json::string* text = value.if_string();
        if (term.op == FieldOp::within) {
            std::optional<std::int64_t> span = text == nullptr ? std::nullopt : parse_span(*text);
            if (!span) {
                return condition_fault(
                    at,
                    "condition_bad_value",
                    "expected a span such as \"90m\", \"12h\", \"7d\" or \"2w\""
                );
            }
            term.numbers.push_back(*span);
            return {};
        }
        Result<UnixMillis> ms =
            text == nullptr ? Result<UnixMillis>(Error{}) : parse_rfc3339(*text);
        if (!ms) {
            return condition_fault(
                at, "condition_bad_value", "expected a time such as \"2026-01-02T03:04:05Z\""
            );
        }
        term.numbers.push_back(*ms);
        return {};
    }

    Status one_value(FieldTerm& term, const json::value& value, const std::string& at) const {
        switch (term.field->kind) {
            case FieldKind::text: {
                const json::string* text = value.if_string();
                if (text == nullptr || text->empty() || text->size() > limits_.text_bytes ||
                    text->find('\0') != json::string::npos) {
                    return condition_fault(
                        at,
                        "condition_bad_value",
                        "expected a text of 1 to " + std::to_string(limits_.text_bytes) + " bytes"
                    );
                }
                if (Status s = known_word(*term.field, *text, at); !s) {
                    return s;
                }
                term.texts.emplace_back(*text);
                return {};
            }
            case FieldKind::id: {
                std::optional<std::int64_t> id = id_of(value);
                if (!id) {
                    return condition_fault(
                        at, "condition_bad_id", "expected an id as a decimal string"
                    );
                }
                term.numbers.push_back(*id);
                return {};
            }
            default: {
                const std::int64_t* number = value.if_int64();
                if (number == nullptr) {
                    return condition_fault(at, "condition_bad_value", "expected a whole number");
                }
                term.numbers.push_back(*number);
                return {};
            }
        }
    }

    static Status known_word(
        const ConditionField& field, std::string_view word, const std::string& at
    ) {
        if (field.words.empty() ||
            std::find(field.words.begin(), field.words.end(), word) != field.words.end()) {
            return {};
        }
        std::string names;
        for (std::string_view known : field.words) {
            names += (names.empty() ? "" : ", ") + std::string(known);
        }
        return condition_fault(at, "condition_bad_value", "expected one of " + names);
    }

    const ConditionLimits& limits_;
};

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

Result<Condition> read_reference_term(
    const json::object& object, std::string_view key, const std::string& at
) {
    if (Status s = only_members(object, {key}, at); !s) {
        return s.error();
    }
    std::optional<std::int64_t> id = id_of(object.at(key));
    if (!id) {
        return condition_fault(
            at + "/" + std::string(key), "condition_bad_id", "expected an id as a decimal string"
        );
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
    const json::value* op_value = object.if_contains("op");
    const json::string* op_text = op_value == nullptr ? nullptr : op_value->if_string();
    std::optional<FieldOp> op = op_text == nullptr ? std::nullopt : parse_op(*op_text);
    if (!op || !op_fits(known->kind, *op)) {
        return condition_fault(
            at + "/op",
            "condition_unknown_op",
            "field " + std::string(known->name) + " knows " + std::string(ops_of(known->kind))
        );
    }
    const json::value* value = object.if_contains("value");
    if (value == nullptr) {
        return condition_fault(at + "/value", "condition_value_missing", "a value is required");
    }
    Condition out;
    out.kind = Condition::Kind::field;
    out.field.field = known;
    out.field.op = *op;
    if (Status s = ValueReader(limits).values(out.field, *value, at + "/value"); !s) {
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

std::string_view to_string(FieldOp op) noexcept {
    return op_names[static_cast<std::size_t>(op)];
}

}  // namespace leadbridge::crm
