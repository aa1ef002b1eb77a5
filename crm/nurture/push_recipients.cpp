// The list of a push's recipients, as people see it.
#include <algorithm>
#include <array>

#include "crm/nurture/condition_sql.h"
#include "crm/nurture/push.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {

namespace {

PushRecipient recipient_of(const Row& row) {
    PushRecipient r;
    r.contact = row.id<ContactId>(0);
    r.contact_name = row.str(1);
    r.reason = row.str(2);
    r.outcome = static_cast<Outcome>(row.integer(3));
    r.error = row.str(4);
    r.outcome_ms = row.integer(5);
    r.sender = row.id<MemberId>(6);
    r.batch = row.id<BatchId>(7);
    if (!r.reason.empty()) {
        r.state = RecipientState::excluded;
        return r;
    }
    r.sender_userid = row.str(8);
    r.state = static_cast<RecipientState>(row.integer(9));
    r.msgid = row.str(10);
    const bool tried = row.integer(11) > 0;
    if (r.state == RecipientState::planned && tried) {
        r.state = RecipientState::not_submitted;
    } else if (r.state == RecipientState::submitted && r.outcome == Outcome::rejected) {
        r.state = RecipientState::rejected;
    } else if (r.state == RecipientState::submitted && r.outcome == Outcome::none) {
        r.outcome = Outcome::waiting;
    }
    return r;
}

// As PushLedger::counts() counts: an outcome of the recipient's own before the state of its batch.
std::string_view counted_sql(RecipientCount count) {
    switch (count) {
        case RecipientCount::planned:
            return " AND r.exclusion = ''";
        case RecipientCount::pending:
            return " AND r.outcome = 0 AND b.state IN (0, 1)";
        case RecipientCount::unknown:
            return " AND r.outcome = 0 AND b.state IN (4, 6)";
        case RecipientCount::waiting:
            return " AND r.outcome = 0 AND b.state = 2";
        case RecipientCount::delivered:
            return " AND r.outcome = 2";
        case RecipientCount::not_friend:
            return " AND r.outcome = 3";
        case RecipientCount::capped:
            return " AND r.outcome = 4";
        case RecipientCount::rejected:
            return " AND (r.outcome = 5 OR (r.outcome = 0 AND b.state = 3))";
        case RecipientCount::cancelled:
            return " AND (r.outcome = 6 OR (r.outcome = 0 AND b.state = 8))";
        case RecipientCount::excluded:
            return " AND r.exclusion <> ''";
    }
    return "";
}

void append_filter(SqlText& sql, const RecipientFilter& filter) {
    if (!filter.reason.empty()) {
        sql.add(" AND r.exclusion = ?").bind(filter.reason);
    }
    if (filter.counted) {
        sql.add(counted_sql(*filter.counted));
    }
    if (filter.state) {
        switch (*filter.state) {
            case RecipientState::excluded:
                sql.add(" AND r.exclusion <> ''");
                break;
            case RecipientState::planned:
                sql.add(" AND b.state = 0 AND b.attempt = 0");
                break;
            case RecipientState::not_submitted:
                sql.add(" AND b.state = 0 AND b.attempt > 0");
                break;
            case RecipientState::submitted:
                sql.add(" AND b.state = 2 AND r.outcome <> 5");
                break;
            case RecipientState::rejected:
                sql.add(" AND (b.state = 3 OR (b.state = 2 AND r.outcome = 5))");
                break;
            default:
                sql.add(" AND b.state = ?").bind(static_cast<std::int64_t>(*filter.state));
        }
    }
    if (filter.outcome) {
        if (*filter.outcome == Outcome::waiting) {
            sql.add(" AND b.state = 2 AND r.outcome = 0");
        } else if (*filter.outcome == Outcome::none) {
            sql.add(" AND r.outcome = 0 AND (b.id IS NULL OR b.state <> 2)");
        } else {
            sql.add(" AND r.outcome = ?").bind(static_cast<std::int64_t>(*filter.outcome));
        }
    }
}

}  // namespace

std::string_view to_string(RecipientCount count) noexcept {
    constexpr std::array<std::string_view, 10> names = {
        "planned",
        "pending",
        "unknown",
        "waiting",
        "delivered",
        "not_friend",
        "capped",
        "rejected",
        "cancelled",
        "excluded"};
    return names[static_cast<std::size_t>(count)];
}

RecipientPage PushStore::recipients(
    Snapshot& s,
    const Viewer& viewer,
    PushId id,
    const RecipientFilter& filter,
    ContactId after,
    int limit
) {
    const int n = std::clamp(limit, 1, 200);
    SqlText sql;
    sql.add(
        "SELECT r.contact_id, c.name, r.exclusion, r.outcome, r.error, r.outcome_ms, r.sender_id, "
        "r.batch_id, "
        "b.sender, b.state, b.msgid, b.attempt FROM push_recipient r "
        "JOIN contact c ON c.corp_id = r.corp_id AND c.id = r.contact_id "
        "LEFT JOIN push_batch b ON b.corp_id = r.corp_id AND b.id = r.batch_id "
        "WHERE r.corp_id = ? AND r.push_id = ? AND r.contact_id > ?"
    );
    sql.bind(viewer.corp.value).bind(id.value).bind(after.value);
    append_filter(sql, filter);
    const Clause visible = contact_clause(viewer, "c.id", "c.owner");
    if (!visible.sql.empty()) {
        sql.add(" AND ").add(visible.sql);
        for (std::int64_t param : visible.params) {
            sql.bind(param);
        }
    }
    sql.add(" ORDER BY r.contact_id LIMIT ?").bind(n + 1);
    RecipientPage out;
    out.items = s.all(sql.sql(), sql.params(), recipient_of);
    if (out.items.size() > static_cast<std::size_t>(n)) {
        out.items.pop_back();
        out.next = out.items.back().contact;
    }
    return out;
}

}  // namespace leadbridge::crm
