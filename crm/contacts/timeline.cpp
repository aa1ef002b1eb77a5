#include "crm/contacts/timeline.h"

#include "crm/staff/query.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view event_columns =
    "SELECT t.id, t.corp_id, t.contact_id, t.lead_id, t.member_id, t.at_ms, t.kind, t.detail, "
    "t.actor FROM timeline t";

constexpr std::string_view of_friends[] = {
    "friend_added",
    "friend_lost",
    "friend_deleted",
    "friend_transferred",
    "friend_gone",
    "contact_edited",
    "consent_given",
    "transfer_failed",
    "merged",
    "noted"};
constexpr std::string_view of_leads[] = {
    "lead_opened",
    "lead_joined",
    "lead_assigned",
    "lead_claimed",
    "lead_returned",
    "lead_following",
    "lead_stage",
    "lead_converted",
    "lead_invalid",
    "lead_restored"};
constexpr std::string_view of_chats[] = {"messages_seen", "group_joined"};
constexpr std::string_view of_tags[] = {"tagged", "untagged"};
constexpr std::string_view of_notes[] = {"note"};
constexpr std::string_view of_forms[] = {"form_submitted"};
constexpr std::string_view of_pushes[] = {"push", "opted_out", "opted_in"};

struct Subject {
    std::string_view word;
    std::span<const std::string_view> kinds;
};

constexpr Subject subjects[] = {
    {"friend", of_friends},
    {"lead", of_leads},
    {"chat", of_chats},
    {"tag", of_tags},
    {"note", of_notes},
    {"form", of_forms},
    {"push", of_pushes}};

TimelineEvent read_event(const Row& row) {
    TimelineEvent e;
    e.id = row.integer(0);
    e.corp = row.id<CorpId>(1);
    e.contact = row.id<ContactId>(2);
    e.lead = row.id<LeadId>(3);
    e.member = row.id<MemberId>(4);
    e.at = row.integer(5);
    e.kind = row.str(6);
    e.detail = row.str(7);
    e.actor = row.str(8);
    return e;
}

// The corp's own events (contact 0) are for those who see everything.
Clause event_clause(const Viewer& viewer) {
    if (viewer.scope == Scope::all) {
        return {};
    }
    Clause inner = contact_clause(viewer, "c.id", "c.owner");
    Clause out;
    out.sql = "(EXISTS (SELECT 1 FROM contact c WHERE c.corp_id = ? AND c.id = t.contact_id AND " +
              inner.sql + "))";
    out.params.push_back(viewer.corp.value);
    out.params.insert(out.params.end(), inner.params.begin(), inner.params.end());
    return out;
}

}  // namespace

std::span<const std::string_view> kinds_about(std::string_view what) noexcept {
    for (const auto& [word, kinds] : subjects) {
        if (word == what) {
            return kinds;
        }
    }
    return {};
}

std::int64_t add_event(Transaction& tx, IdSource& ids, const NewTimelineEvent& event) {
    const std::int64_t id = ids.next();
    const std::string sql =
        "INSERT INTO timeline(id, corp_id, contact_id, lead_id, member_id, at_ms, kind, detail, "
        "actor, ref) "
        "VALUES(?,?,?,?,?,?,?,?,?,?)";
    const ParamList params = {
        id,
        event.corp,
        event.contact,
        event.lead,
        event.member,
        event.at,
        event.kind,
        event.detail,
        event.actor,
        event.ref};
    if (event.ref.empty()) {
        tx.execute(sql, params);
    } else {
        tx.execute(
            sql +
                " ON CONFLICT(corp_id, contact_id, ref) WHERE ref <> '' DO UPDATE SET at_ms = CASE "
                "WHEN "
                "excluded.at_ms > timeline.at_ms THEN excluded.at_ms ELSE timeline.at_ms END, "
                "detail = excluded.detail, lead_id = excluded.lead_id",
            params
        );
    }
    tx.changed({event.corp, "timeline", event.contact.value, event.kind});
    return id;
}

TimelinePage timeline_of(
    Snapshot& s,
    const Viewer& viewer,
    ContactId contact,
    std::optional<TimelineCursor> before,
    int limit,
    std::span<const std::string_view> kinds
) {
    TimelinePage out;
    const auto visible = find_contact(s, viewer, contact);
    if (!visible) {
        return out;
    }
    const int n = page_limit({0, limit});
    Query query(event_columns);
    query.where("t.corp_id = ? AND t.contact_id = ?", {viewer.corp, visible->id});
    if (before) {
        query.where(
            "(t.at_ms < ? OR (t.at_ms = ? AND t.id < ?))", {before->at, before->at, before->id}
        );
    }
    if (!kinds.empty()) {
        query.where("t.kind IN (");
        for (const std::string_view kind : kinds) {
            query.then(kind == kinds.front() ? "?" : ",?", {kind});
        }
        query.then(")");
    }
    out.items = query.then(" ORDER BY t.at_ms DESC, t.id DESC LIMIT ?", {n + 1}).all(s, read_event);
    if (out.items.size() > static_cast<std::size_t>(n)) {
        out.items.pop_back();
        out.next = TimelineCursor{out.items.back().at, out.items.back().id};
    }
    return out;
}

PageOf<TimelineEvent> corp_events(Snapshot& s, const Viewer& viewer, const Page& page) {
    Query query(event_columns);
    query.where("t.corp_id = ?", {viewer.corp}).where(event_clause(viewer));
    return page_of(s, query, "t.id", page, read_event, [](const TimelineEvent& e) { return e.id; });
}

std::vector<TimelineEvent> corp_events_after(
    Snapshot& s, const Viewer& viewer, std::int64_t after, int limit
) {
    Query query(event_columns);
    query.where("t.corp_id = ? AND t.id > ?", {viewer.corp, after}).where(event_clause(viewer));
    return query.then(" ORDER BY t.id LIMIT ?", {page_limit({0, limit})}).all(s, read_event);
}

}  // namespace leadbridge::crm
