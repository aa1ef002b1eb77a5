#include "crm/nurture/condition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "base/id.h"
#include "base/json.h"
#include "base/time_zone.h"

namespace leadbridge::crm {

namespace {

constexpr std::int64_t max_count = 1'000'000;
constexpr std::int64_t max_span_ms = 3660LL * 24 * 3'600 * 1'000;

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

Error fault(const std::string& at, std::string_view reason, std::string message) {
    return Error{
        .code = ErrorCode::rule_broken,
        .message = (at.empty() ? std::string("/") : at) + ": " + std::move(message),
        .reason = std::string(reason)};
}

// Reads one JSON tree into a Condition. Recursion is bounded by the depth limit.
class Reader {
public:
    explicit Reader(const ConditionLimits& limits) : limits_(limits) {}

    Result<Condition> node(const json::value& value, const std::string& at, int depth) {
        if (depth > limits_.depth) {
            return fault(
                at,
                "condition_too_deep",
                "terms may be nested " + std::to_string(limits_.depth) + " deep"
            );
        }
        const json::object* object = value.if_object();
        if (object == nullptr) {
            return fault(
                at, "condition_not_an_object", "expected an object such as {\"tag\": \"1\"}"
            );
        }
        for (std::string_view key : {"all", "any"}) {
            if (object->contains(key)) {
                return group(*object, key, at, depth);
            }
        }
        if (object->contains("not")) {
            return negation(*object, at, depth);
        }
        if (++terms_ > limits_.terms) {
            return fault(
                at,
                "condition_too_many_terms",
                "at most " + std::to_string(limits_.terms) + " terms"
            );
        }
        for (std::string_view key : {"tag", "segment"}) {
            if (object->contains(key)) {
                return reference(*object, key, at);
            }
        }
        if (object->contains("field")) {
            return field(*object, at);
        }
        if (object->contains("event")) {
            return event(*object, at);
        }
        return fault(
            at,
            "condition_unknown_term",
            "expected one of all, any, not, tag, segment, field, event"
        );
    }

private:
    static Status only(
        const json::object& object,
        std::initializer_list<std::string_view> keys,
        const std::string& at
    ) {
        for (const auto& member : object) {
            std::string_view key = member.key();
            if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
                std::string names;
                for (std::string_view k : keys) {
                    names += (names.empty() ? "" : ", ") + std::string(k);
                }
                return fault(at, "condition_unknown_member", "only " + names + " may stand here");
            }
        }
        return {};
    }

    Result<Condition> group(
        const json::object& object, std::string_view key, const std::string& at, int depth
    ) {
        if (Status s = only(object, {key}, at); !s) {
            return s.error();
        }
        std::string below = at + "/" + std::string(key);
        const json::array* items = json_array(object, key);
        if (items == nullptr) {
            return fault(below, "condition_not_a_list", "expected a list of terms");
        }
        Condition out;
        out.kind = key == "all" ? Condition::Kind::all : Condition::Kind::any;
        if (items->empty() && ++terms_ > limits_.terms) {
            return fault(
                below,
                "condition_too_many_terms",
                "at most " + std::to_string(limits_.terms) + " terms"
            );
        }
        for (std::size_t i = 0; i < items->size(); ++i) {
            Result<Condition> child = node((*items)[i], below + "/" + std::to_string(i), depth + 1);
            if (!child) {
                return child;
            }
            out.children.push_back(std::move(*child));
        }
        return out;
    }

    Result<Condition> negation(const json::object& object, const std::string& at, int depth) {
        if (Status s = only(object, {"not"}, at); !s) {
            return s.error();
        }
        Result<Condition> child = node(object.at("not"), at + "/not", depth + 1);
        if (!child) {
            return child;
        }
        Condition out;
        out.kind = Condition::Kind::negate;
        out.children.push_back(std::move(*child));
        return out;
    }

    static std::optional<std::int64_t> id_of(const json::value& value) {
        const json::string* text = value.if_string();
        return text == nullptr ? std::nullopt : parse_id(*text);
    }

    static Result<Condition> reference(
        const json::object& object, std::string_view key, const std::string& at
    ) {
        if (Status s = only(object, {key}, at); !s) {
            return s.error();
        }
        std::optional<std::int64_t> id = id_of(object.at(key));
        if (!id) {
            return fault(
                at + "/" + std::string(key),
                "condition_bad_id",
                "expected an id as a decimal string"
            );
        }
        Condition out;
        out.kind = key == "tag" ? Condition::Kind::tag : Condition::Kind::segment;
        out.id = *id;
        return out;
    }

    Result<Condition> field(const json::object& object, const std::string& at) {
        if (Status s = only(object, {"field", "op", "value"}, at); !s) {
            return s.error();
        }
        const json::string* name = object.at("field").if_string();
        const ConditionField* known = name == nullptr ? nullptr : find_condition_field(*name);
        if (known == nullptr) {
            std::string names;
            for (const ConditionField& f : condition_fields()) {
                names += (names.empty() ? "" : ", ") + std::string(f.name);
            }
            return fault(at + "/field", "condition_unknown_field", "expected one of " + names);
        }
        const json::value* op_value = object.if_contains("op");
        const json::string* op_text = op_value == nullptr ? nullptr : op_value->if_string();
        std::optional<FieldOp> op = op_text == nullptr ? std::nullopt : parse_op(*op_text);
        if (!op || !op_fits(known->kind, *op)) {
            return fault(
                at + "/op",
                "condition_unknown_op",
                "field " + std::string(known->name) + " knows " + std::string(ops_of(known->kind))
            );
        }
        const json::value* value = object.if_contains("value");
        if (value == nullptr) {
            return fault(at + "/value", "condition_value_missing", "a value is required");
        }
        Condition out;
        out.kind = Condition::Kind::field;
        out.field.field = known;
        out.field.op = *op;
        if (Status s = values(out.field, *value, at + "/value"); !s) {
            return s.error();
        }
        return out;
    }

    Status values(FieldTerm& term, const json::value& value, const std::string& at) {
        switch (term.op) {
            case FieldOp::exists: {
                const bool* wanted = value.if_bool();
                if (wanted == nullptr) {
                    return fault(at, "condition_bad_value", "expected true or false");
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

    Status value_list(FieldTerm& term, const json::value& value, const std::string& at) {
        const json::array* list = value.if_array();
        if (list == nullptr || list->empty() ||
            list->size() > static_cast<std::size_t>(limits_.values)) {
            return fault(
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
                return fault(
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
            return fault(
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
                    return fault(
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
                    return fault(at, "condition_bad_id", "expected an id as a decimal string");
                }
                term.numbers.push_back(*id);
                return {};
            }
            default: {
                const std::int64_t* number = value.if_int64();
                if (number == nullptr) {
                    return fault(at, "condition_bad_value", "expected a whole number");
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
        return fault(at, "condition_bad_value", "expected one of " + names);
    }

    static bool event_name(std::string_view text) {
        return !text.empty() && text.size() <= 64 &&
               std::all_of(text.begin(), text.end(), [](char c) {
                   return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
               });
    }

    static Result<Condition> event(const json::object& object, const std::string& at) {
        if (Status s = only(object, {"event", "within", "count"}, at); !s) {
            return s.error();
        }
        const json::string* name = object.at("event").if_string();
        if (name == nullptr || !event_name(*name)) {
            return fault(
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
                return fault(
                    at + "/within",
                    "condition_bad_value",
                    "expected a span such as \"12h\" or \"7d\""
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

    // {"gte": n, "lte": m}; lte alone leaves 0 as the lower bound, so that "at most 2" holds for
    // none.
    static Status event_count(EventTerm& term, const json::value& value, const std::string& at) {
        const json::object* object = value.if_object();
        if (object == nullptr || object->empty()) {
            return fault(at, "condition_bad_value", "expected {\"gte\": n}, {\"lte\": n} or both");
        }
        if (Status s = only(*object, {"gte", "lte"}, at); !s) {
            return s;
        }
        term.at_least = 0;
        for (const auto& member : *object) {
            const std::int64_t* n = member.value().if_int64();
            if (n == nullptr || *n < 0 || *n > max_count) {
                return fault(
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

    const ConditionLimits& limits_;
    int terms_ = 0;
};

}  // namespace

std::string_view to_string(FieldOp op) noexcept {
    return op_names[static_cast<std::size_t>(op)];
}

std::optional<std::int64_t> parse_span(std::string_view text) noexcept {
    std::int64_t n = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{} || end + 1 != text.data() + text.size() || n < 1 ||
        n > max_span_ms / 1'000) {
        return std::nullopt;
    }
    std::int64_t unit = 0;
    switch (*end) {
        case 's':
            unit = 1'000;
            break;
        case 'm':
            unit = 60'000;
            break;
        case 'h':
            unit = 3'600'000;
            break;
        case 'd':
            unit = 86'400'000;
            break;
        case 'w':
            unit = 604'800'000;
            break;
        default:
            return std::nullopt;
    }
    if (n > max_span_ms / unit) {
        return std::nullopt;
    }
    return n * unit;
}

Result<Condition> parse_condition(std::string_view text, const ConditionLimits& limits) {
    Result<json::value> tree = parse_json(
        text, JsonLimits{.max_bytes = limits.json_bytes, .max_depth = 2 * limits.depth + 8}
    );
    if (!tree) {
        Error error = std::move(tree).error();
        if (error.code == ErrorCode::too_large && text.size() <= limits.json_bytes) {
            return fault(
                "",
                "condition_too_deep",
                "terms may be nested " + std::to_string(limits.depth) + " deep"
            );
        }
        error.message = "/: " + error.message;
        error.reason = "condition_not_json";
        return error;
    }
    return Reader(limits).node(*tree, "", 1);
}

int condition_depth(const Condition& condition) noexcept {
    int below = 0;
    for (const Condition& child : condition.children) {
        below = std::max(below, condition_depth(child));
    }
    return below + 1;
}

int condition_terms(const Condition& condition) noexcept {
    if (condition.children.empty()) {
        return 1;
    }
    int n = 0;
    for (const Condition& child : condition.children) {
        n += condition_terms(child);
    }
    return n;
}

}  // namespace leadbridge::crm
