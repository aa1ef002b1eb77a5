#include "crm/nurture/condition_sql.h"

#include <algorithm>

#include "crm/contacts/contact_text.h"

namespace leadbridge::crm {

namespace {

// Calls fn(column, rows) for each place a field's values come from.
template <class F>
void each_place(const ConditionField& field, F fn) {
    std::string_view columns = field.sql;
    std::string_view rows = field.rows;
    while (true) {
        const std::size_t c = columns.find('|');
        const std::size_t r = rows.find('|');
        fn(columns.substr(0, c), rows.substr(0, r));
        if (c == std::string_view::npos) {
            return;
        }
        columns.remove_prefix(c + 1);
        rows.remove_prefix(r + 1);
    }
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

// A LIKE pattern that finds the text anywhere.
std::string like_anywhere(const std::string& text) {
    std::string out = "%";
    for (char c : lower(text)) {
        if (c == '%' || c == '_' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + "%";
}

void append_list(SqlText& out, const FieldTerm& term) {
    out.add(" IN (");
    const bool text = term.field->kind == FieldKind::text;
    const std::size_t n = text ? term.texts.size() : term.numbers.size();
    for (std::size_t i = 0; i < n; ++i) {
        out.add(i == 0 ? "?" : ", ?");
        if (text) {
            out.bind(term.texts[i]);
        } else {
            out.bind(term.numbers[i]);
        }
    }
    out.add(")");
}

// `column` compared; ne, not_in and exists false are negated by the caller.
void append_test(SqlText& out, const FieldTerm& term, std::string_view column, UnixMillis now) {
    const std::string value(column);
    switch (term.op) {
        case FieldOp::eq:
        case FieldOp::ne:
        case FieldOp::in:
        case FieldOp::not_in:
            out.add(value);
            append_list(out, term);
            return;
        case FieldOp::exists:
            out.add(value + (term.field->kind == FieldKind::text ? " <> ''" : " <> 0"));
            return;
        case FieldOp::gte:
            out.add(value + " >= ?").bind(term.numbers[0]);
            return;
        case FieldOp::lte:
            out.add(value + " <= ?").bind(term.numbers[0]);
            return;
        case FieldOp::contains:
            out.add("lower(" + value + ") LIKE ? ESCAPE '\\'").bind(like_anywhere(term.texts[0]));
            return;
        case FieldOp::before:
            out.add("(" + value + " > 0 AND " + value + " < ?)").bind(term.numbers[0]);
            return;
        case FieldOp::after:
            out.add("(" + value + " > 0 AND " + value + " > ?)").bind(term.numbers[0]);
            return;
        case FieldOp::within:
            out.add("(" + value + " > 0 AND " + value + " >= ?)").bind(now - term.numbers[0]);
            return;
    }
}

bool negated(const FieldTerm& term) {
    return term.op == FieldOp::ne || term.op == FieldOp::not_in ||
           (term.op == FieldOp::exists && term.numbers[0] == 0);
}

void append_field(SqlText& out, const FieldTerm& term, UnixMillis now) {
    out.add(negated(term) ? "(NOT (" : "((");
    bool first = true;
    each_place(*term.field, [&](std::string_view column, std::string_view rows) {
        out.add(first ? "" : " OR ");
        first = false;
        if (rows.empty()) {
            append_test(out, term, column, now);
            return;
        }
        out.add("EXISTS (SELECT 1 FROM " + std::string(rows) + " AND ");
        append_test(out, term, column, now);
        out.add(")");
    });
    out.add("))");
}

void append_event(SqlText& out, const EventTerm& term, UnixMillis now) {
    const UnixMillis since = term.within_ms == 0 ? 0 : now - term.within_ms;
    constexpr std::string_view rows =
        " FROM timeline t WHERE t.corp_id = c.corp_id AND t.contact_id = c.id AND t.kind = ? AND "
        "t.at_ms >= ?)";
    if (term.at_least == 1 && !term.at_most) {
        out.add("EXISTS (SELECT 1").add(rows).bind(term.kind).bind(since);
        return;
    }
    out.add("((SELECT COUNT(*)").add(rows).bind(term.kind).bind(since);
    out.add(" BETWEEN ? AND ?)").bind(term.at_least).bind(term.at_most.value_or(INT64_MAX));
}

void append_group(SqlText& out, const Condition& condition, UnixMillis now) {
    const bool all = condition.kind == Condition::Kind::all;
    if (condition.children.empty()) {
        out.add(all ? "(1 = 1)" : "(1 = 0)");
        return;
    }
    out.add("(");
    for (std::size_t i = 0; i < condition.children.size(); ++i) {
        out.add(i == 0 ? "" : (all ? " AND " : " OR "));
        append_condition(out, condition.children[i], now);
    }
    out.add(")");
}

// Contacts with an event count in [from, to], as a set rather than one look per contact.
SqlText ords_of_event(const EventTerm& term, CorpId corp, UnixMillis now) {
    const UnixMillis since = term.within_ms == 0 ? 0 : now - term.within_ms;
    constexpr std::string_view counted =
        "SELECT t.contact_id FROM timeline t WHERE t.corp_id = ? AND t.kind = ? AND t.at_ms >= ? "
        "AND t.contact_id <> 0 GROUP BY t.contact_id HAVING COUNT(*)";
    SqlText out;
    if (term.at_least > 0) {
        out.add("SELECT c.ord FROM contact c JOIN (")
            .add(counted)
            .add(" BETWEEN ? AND ?) e ON c.id = e.contact_id ");
        out.bind(corp.value)
            .bind(term.kind)
            .bind(since)
            .bind(term.at_least)
            .bind(term.at_most.value_or(INT64_MAX));
        out.add("WHERE c.corp_id = ? AND c.merged_into = 0").bind(corp.value);
        return out;
    }
    out.add("SELECT c.ord FROM contact c WHERE c.corp_id = ? AND c.merged_into = 0")
        .bind(corp.value);
    if (term.at_most) {
        out.add(" AND c.id NOT IN (").add(counted).add(" > ?)");
        out.bind(corp.value).bind(term.kind).bind(since).bind(*term.at_most);
    }
    return out;
}

}  // namespace

void append_condition(SqlText& out, const Condition& condition, UnixMillis now) {
    switch (condition.kind) {
        case Condition::Kind::all:
        case Condition::Kind::any:
            append_group(out, condition, now);
            return;
        case Condition::Kind::negate:
            out.add("(NOT ");
            append_condition(out, condition.children[0], now);
            out.add(")");
            return;
        case Condition::Kind::tag:
            out.add(
                "EXISTS (SELECT 1 FROM contact_tag ct WHERE ct.corp_id = c.corp_id AND "
                "ct.contact_id = c.id "
                "AND ct.tag_id = ?)"
            );
            out.bind(condition.id);
            return;
        case Condition::Kind::segment:
            out.add("(1 = 0)");
            return;
        case Condition::Kind::field:
            append_field(out, condition.field, now);
            return;
        case Condition::Kind::event:
            append_event(out, condition.event, now);
            return;
    }
}

SqlText ords_of_term(const Condition& term, CorpId corp, UnixMillis now) {
    if (term.kind == Condition::Kind::event) {
        return ords_of_event(term.event, corp, now);
    }
    SqlText out;
    if (term.kind == Condition::Kind::field && term.field.op == FieldOp::contains &&
        term.field.field->name == "name") {
        const PartRange range = parts_of_query(term.field.texts[0]);
        out.add("SELECT c.ord FROM contact_part p CROSS JOIN contact c WHERE p.corp_id = ? AND ")
            .add("p.part >= ? AND p.part < ? AND c.corp_id = p.corp_id AND c.ord = p.ord AND ");
        out.bind(corp.value).bind(range.from).bind(range.to);
    } else {
        // Nothing but what the term names: indexes of times answer such a question by themselves.
        out.add("SELECT c.ord FROM contact c WHERE c.corp_id = ? AND ").bind(corp.value);
    }
    append_condition(out, term, now);
    return out;
}

}  // namespace leadbridge::crm
