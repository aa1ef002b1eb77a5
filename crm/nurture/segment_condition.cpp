// Conditions that name segments, and contacts selected by SQL.
#include <algorithm>
#include <set>

#include "crm/nurture/segment.h"
#include "crm/staff/query.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {

namespace {

constexpr int max_expanded_terms = 400;
constexpr int max_segment_chain = 8;

class Expander {
public:
    Expander(Snapshot& s, CorpId corp) : s_(s), corp_(corp) {}

    Result<Condition> expand(const Condition& condition, std::set<std::int64_t>& inside) {
        if (condition.kind == Condition::Kind::segment) {
            return segment(condition.id, inside);
        }
        if (condition.children.empty() && ++terms_ > max_expanded_terms) {
            return Error{
                ErrorCode::rule_broken,
                "/: with its segments the condition has more than " +
                    std::to_string(max_expanded_terms) + " terms",
                "condition_too_many_terms"};
        }
        Condition out = condition;
        if (condition.kind == Condition::Kind::tag) {
            out.id = living_tag(condition.id);
        }
        for (Condition& child : out.children) {
            Result<Condition> below = expand(child, inside);
            if (!below) {
                return below;
            }
            child = std::move(*below);
        }
        return out;
    }

private:
    Result<Condition> segment(std::int64_t id, std::set<std::int64_t>& inside) {
        if (inside.contains(id) || inside.size() > max_segment_chain) {
            return Error{
                ErrorCode::rule_broken,
                "/: segment " + std::to_string(id) + " would contain itself",
                "condition_segment_cycle"};
        }
        auto body = s_.one(
            "SELECT body FROM segment WHERE corp_id = ? AND id = ?",
            {corp_, id},
            [](const Row& row) { return row.str(0); }
        );
        if (!body) {
            return Error{
                ErrorCode::rule_broken,
                "/: there is no segment " + std::to_string(id),
                "condition_unknown_segment"};
        }
        Result<Condition> parsed = parse_condition(*body, stored_condition_limits);
        if (!parsed) {
            return parsed;
        }
        inside.insert(id);
        Result<Condition> out = expand(*parsed, inside);
        inside.erase(id);
        return out;
    }

    std::int64_t living_tag(std::int64_t id) {
        for (int step = 0; step < max_segment_chain; ++step) {
            const std::int64_t next =
                s_.number("SELECT merged_into FROM tag WHERE corp_id = ? AND id = ?", {corp_, id});
            if (next == 0) {
                break;
            }
            id = next;
        }
        return id;
    }

    Snapshot& s_;
    const CorpId corp_;
    int terms_ = 0;
};

// The tag with the fewest uses among those that must hold; 0 = there is none.
std::int64_t rarest_tag(Snapshot& s, CorpId corp, const Condition& condition) {
    if (condition.kind == Condition::Kind::tag) {
        return condition.id;
    }
    std::int64_t best = 0;
    std::int64_t best_uses = 0;
    if (condition.kind == Condition::Kind::all) {
        for (const Condition& child : condition.children) {
            if (child.kind != Condition::Kind::tag) {
                continue;
            }
            const std::int64_t uses =
                s.number("SELECT uses FROM tag WHERE corp_id = ? AND id = ?", {corp, child.id});
            if (best == 0 || uses < best_uses) {
                best = child.id;
                best_uses = uses;
            }
        }
    }
    return best;
}

constexpr std::string_view contact_columns =
    "c.id, c.corp_id, c.ord, c.name, c.avatar, c.type, c.gender, c.position, c.company, c.owner, "
    "c.stage, c.last_ms, "
    "c.created_ms, c.version, c.merged_into";

Contact contact_of(const Row& row) {
    Contact c;
    c.id = row.id<ContactId>(0);
    c.corp = row.id<CorpId>(1);
    c.ord = row.integer(2);
    c.name = row.str(3);
    c.avatar = row.str(4);
    c.type = static_cast<int>(row.integer(5));
    c.gender = static_cast<int>(row.integer(6));
    c.position = row.str(7);
    c.company = row.str(8);
    c.owner = row.id<MemberId>(9);
    c.stage = row.str(10);
    c.last_ms = row.integer(11);
    c.created_ms = row.integer(12);
    c.version = row.integer(13);
    c.merged_into = row.id<ContactId>(14);
    return c;
}

}  // namespace

Result<Condition> expand_condition(
    Snapshot& s, CorpId corp, const Condition& condition, SegmentId inside
) {
    std::set<std::int64_t> chain;
    if (inside) {
        chain.insert(inside.value);
    }
    return Expander(s, corp).expand(condition, chain);
}

Result<Condition> read_condition(Snapshot& s, CorpId corp, std::string_view json) {
    Result<Condition> parsed = parse_condition(json);
    return parsed ? expand_condition(s, corp, *parsed) : parsed;
}

PageOf<Contact> contacts_where(
    Snapshot& s, const Viewer& viewer, const Condition& expanded, const Page& page, UnixMillis now
) {
    // The planner has no statistics by tag: the rarest one is put first, and CROSS JOIN keeps it
    // there.
    const std::int64_t lead = rarest_tag(s, viewer.corp, expanded);
    SqlText sql;
    sql.add("SELECT ").add(contact_columns);
    if (lead != 0) {
        sql.add(" FROM contact_tag d CROSS JOIN contact c WHERE d.corp_id = ? AND d.tag_id = ?");
        sql.bind(viewer.corp.value).bind(lead);
        sql.add(" AND c.id = d.contact_id AND c.corp_id = ? AND c.merged_into = 0 AND ")
            .bind(viewer.corp.value);
    } else {
        sql.add(" FROM contact c WHERE c.corp_id = ? AND c.merged_into = 0 AND ")
            .bind(viewer.corp.value);
    }
    append_condition(sql, expanded, now);
    const Clause visible = contact_clause(viewer, "c.id", "c.owner");
    if (!visible.sql.empty()) {
        sql.add(" AND ").add(visible.sql);
        for (std::int64_t param : visible.params) {
            sql.bind(param);
        }
    }
    const std::string id_column = lead != 0 ? "d.contact_id" : "c.id";
    if (page.before > 0) {
        sql.add(" AND " + id_column + " < ?").bind(page.before);
    }
    const int limit = page_limit(page);
    sql.add(" ORDER BY " + id_column + " DESC LIMIT ?").bind(limit + 1);
    PageOf<Contact> out;
    out.items = s.all(sql.sql(), sql.params(), contact_of);
    if (out.items.size() > static_cast<std::size_t>(limit)) {
        out.items.pop_back();
        out.next = out.items.back().id.value;
    }
    return out;
}

}  // namespace leadbridge::crm
