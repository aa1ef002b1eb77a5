#include "crm/contacts/day_stock.h"

#include <string_view>

#include "crm/staff/query.h"

namespace leadbridge::crm {

namespace {

std::int64_t events(Snapshot& s, const Viewer& viewer, std::string_view kinds, UnixMillis since) {
    Query query("SELECT COUNT(*) FROM timeline t");
    query.where("t.corp_id = ? AND t.kind IN (" + std::string(kinds) + ")", {viewer.corp})
        .where("t.at_ms >= ?", {since})
        .where(member_clause(viewer, "t.member_id"));
    return query.number(s);
}

}  // namespace

void where_unanswered(Query& query, const Viewer& viewer, UnixMillis waiting) {
    query
        .where(
            "cs.corp_id = ? AND cs.last_from_contact = 1 AND cs.last_ms >= ?",
            {viewer.corp, waiting}
        )
        .where(member_clause(viewer, "cs.member_id"));
}

Result<DayCounts> DayStock::of(const Viewer& viewer, UnixMillis midnight, UnixMillis waiting) {
    const Key key{viewer.corp.value, viewer.member.value, viewer.scope, midnight, waiting};
    auto counts = kept_.of(key, [&] {
        return core_.read<DayCounts>([&](Snapshot& s) -> Result<DayCounts> {
            DayCounts out;
            Query unanswered("SELECT COUNT(*) FROM chat_summary cs");
            where_unanswered(unanswered, viewer, waiting);
            out.unanswered = unanswered.number(s);
            out.adds = events(s, viewer, "'friend_added'", midnight);
            out.losses = events(s, viewer, "'friend_lost', 'friend_deleted'", midnight);
            out.leads_opened = events(s, viewer, "'lead_opened'", midnight);
            return out;
        });
    });
    if (!counts) {
        return std::move(counts).error();
    }
    return **counts;
}

}  // namespace leadbridge::crm
