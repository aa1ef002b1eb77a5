#pragma once
// The one condition language: the same JSON selects a segment (as sets), filters a list (as SQL)
// and decides a rule (for one contact). This file is the tree and its parser; condition_sql.h,
// tag_bitmaps.h and condition_match.h evaluate it, and a property test holds them equal.
//
//   {"all": [..]}  {"any": [..]}  {"not": {..}}      {"all": []} is everyone, {"any": []} is nobody
//   {"tag": "ID"}                                     carries the internal tag
//   {"segment": "ID"}                                 is in another segment (expanded before
//   evaluation)
//   {"field": "stage", "op": "in", "value": [..]}     see condition_fields(); ops below
//   {"event": "messages_seen", "within": "7d", "count": {"gte": 3}}   timeline events; within and
//   count are optional
//
// Ops: eq ne in not_in exists (value true|false) | gte lte (numbers) | contains (text, ASCII case
// ignored) |
//      before after (RFC 3339) within (a span such as "90m", "12h", "7d", "2w", back from now).
// A missing value is "" or 0: it equals nothing else, `ne` and `not_in` hold for it, all
// comparisons fail.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace leadbridge::crm {

struct ConditionLimits {
    int depth = 8;                 // of nested terms; a lone term has depth 1
    int terms = 100;               // tag, segment, field and event terms and empty groups
    int values = 200;              // in one in / not_in list
    std::size_t text_bytes = 200;  // of one text value
    std::size_t json_bytes = 64 << 10;
};

// For canonical text that was validated when it was stored: segments that were put in the place of
// their terms may be larger.
inline constexpr ConditionLimits stored_condition_limits{
    .depth = 80,
    .terms = 1'000,
    .values = 200,
    .text_bytes = 200,
    .json_bytes = std::size_t{8} << 20};

enum class FieldKind : std::uint8_t { text, number, id, time };
enum class FieldOp : std::uint8_t {
    eq,
    ne,
    in,
    not_in,
    exists,
    gte,
    lte,
    contains,
    before,
    after,
    within
};

// A field of a contact that conditions may name. Constant for the program's life.
struct ConditionField {
    std::string_view name;
    FieldKind kind = FieldKind::text;
    bool set_term = false;  // eq, ne, in, not_in and exists are answered from bitmaps
    // Over `contact c`. An expression, or, when `rows` is not empty, the value column of those
    // rows.
    std::string_view sql;
    std::string_view rows = {};  // "follow f WHERE f.corp_id = c.corp_id AND ..."; several:
                                 // separated by '|', as `sql` then
    std::span<const std::string_view> words = {};  // the only values a text may have; empty = any
};

std::span<const ConditionField> condition_fields() noexcept;
const ConditionField* find_condition_field(std::string_view name) noexcept;
std::string_view to_string(FieldOp op) noexcept;

struct FieldTerm {
    const ConditionField* field = nullptr;
    FieldOp op = FieldOp::eq;
    std::vector<std::string> texts;  // text fields: eq ne in not_in contains
    std::vector<std::int64_t>
        numbers;  // number, id: values; time: ms; within: span in ms; exists: 1 or 0
};

struct EventTerm {
    std::string kind;
    std::int64_t within_ms = 0;  // 0 = ever
    std::int64_t at_least = 1;
    std::optional<std::int64_t> at_most;
};

struct Condition {
    enum class Kind : std::uint8_t { all, any, negate, tag, segment, field, event };
    Kind kind = Kind::all;            // a default Condition is everyone
    std::vector<Condition> children;  // all, any: 0..n; negate: 1
    std::int64_t id = 0;              // tag, segment
    FieldTerm field;
    EventTerm event;
};

// Error{invalid} for what is no JSON, Error{rule_broken} else; the message begins with the JSON
// pointer of the culprit and names what is allowed, the reason is a stable word
// ("condition_too_deep", "condition_unknown_field", ...). Never throws.
Result<Condition> parse_condition(std::string_view text, const ConditionLimits& limits = {});

// Canonical JSON; parse_condition of it gives an equal tree.
std::string condition_text(const Condition& condition);

int condition_depth(const Condition& condition) noexcept;
int condition_terms(const Condition& condition) noexcept;

// "90m" -> ms; nullopt unless 1 s .. 3660 d in units s m h d w.
std::optional<std::int64_t> parse_span(std::string_view text) noexcept;

}  // namespace leadbridge::crm
