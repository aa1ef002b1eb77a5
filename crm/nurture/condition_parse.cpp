// From JSON to the tree: groups here, the leaves in condition_terms.
#include "base/json.h"
#include "crm/nurture/condition.h"
#include "crm/nurture/condition_fault.h"
#include "crm/nurture/condition_terms.h"

namespace leadbridge::crm {

namespace {

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
        return leaf(*object, at);
    }

private:
    Result<Condition> leaf(const json::object& object, const std::string& at) {
        if (++terms_ > limits_.terms) {
            return condition_fault(
                at,
                "condition_too_many_terms",
                "at most " + std::to_string(limits_.terms) + " terms"
            );
        }
        for (std::string_view key : {"tag", "segment"}) {
            if (object.contains(key)) {
                return read_reference_term(object, key, at);
            }
        }
        if (object.contains("field")) {
            return read_field_term(object, at, limits_);
        }
        if (object.contains("event")) {
            return read_event_term(object, at);
        }
        return condition_fault(
            at,
            "condition_unknown_term",
            "expected one of all, any, not, tag, segment, field, event"
        );
    }

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

}  // namespace leadbridge::crm
