#include "crm/nurture/condition.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "crm/nurture/condition_terms.h"

namespace leadbridge::crm {

namespace {

constexpr std::int64_t max_span_ms = 3660LL * 24 * 3'600 * 1'000;

// Reads one JSON tree into a Condition. Recursion is bounded by the depth limit.
class Reader {
public:
    explicit Reader(const ConditionLimits& limits) : limits_(limits) {}

    Result<Condition> node(const json::value& value, const std::string& at, int depth) {
        if (depth > limits_.depth) {
            return condition_fault(
                at,
                "condition_too_deep",
                "terms may be nested " + std::to_string(limits_.depth) + " deep"
            );
        }
        const json::object* object = value.if_object();
        if (object == nullptr) {
            return condition_fault(
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
            return condition_fault(
                at,
                "condition_too_many_terms",
                "at most " + std::to_string(limits_.terms) + " terms"
            );
        }
        for (std::string_view key : {"tag", "segment"}) {
            if (object->contains(key)) {
                return read_reference_term(*object, key, at);
            }
        }
        if (object->contains("field")) {
            return read_field_term(*object, at, limits_);
        }
        if (object->contains("event")) {
            return read_event_term(*object, at);
        }
        return condition_fault(
            at,
            "condition_unknown_term",
            "expected one of all, any, not, tag, segment, field, event"
        );
    }

private:
    Result<Condition> group(
        const json::object& object, std::string_view key, const std::string& at, int depth
    ) {
        if (Status s = only_members(object, {key}, at); !s) {
            return s.error();
        }
        std::string below = at + "/" + std::string(key);
        const json::array* items = json_array(object, key);
        if (items == nullptr) {
            return condition_fault(below, "condition_not_a_list", "expected a list of terms");
        }
        Condition out;
        out.kind = key == "all" ? Condition::Kind::all : Condition::Kind::any;
        if (items->empty() && ++terms_ > limits_.terms) {
            return condition_fault(
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
        if (Status s = only_members(object, {"not"}, at); !s) {
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

    const ConditionLimits& limits_;
    int terms_ = 0;
};

}  // namespace

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
            return condition_fault(
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
