#include "crm/nurture/condition_values.h"

#include <algorithm>
#include <array>

#include "base/time_zone.h"
#include "crm/nurture/condition_fault.h"

namespace leadbridge::crm {

namespace {

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
                Result<std::int64_t> id = read_condition_id(value, at);
                if (!id) {
                    return id.error();
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

}  // namespace

std::string_view to_string(FieldOp op) noexcept {
    return op_names[static_cast<std::size_t>(op)];
}

Result<FieldOp> read_field_op(
    const ConditionField& field, const json::value* op, const std::string& at
) {
    const json::string* text = op == nullptr ? nullptr : op->if_string();
    const std::optional<FieldOp> known = text == nullptr ? std::nullopt : parse_op(*text);
    if (!known || !op_fits(field.kind, *known)) {
        return condition_fault(
            at,
            "condition_unknown_op",
            "field " + std::string(field.name) + " knows " + std::string(ops_of(field.kind))
        );
    }
    return *known;
}

Status read_field_value(
    FieldTerm& term, const json::value& value, const std::string& at, const ConditionLimits& limits
) {
    return ValueReader(limits).values(term, value, at);
}

}  // namespace leadbridge::crm
