// GET home: what needs the caller now, and today's numbers. Everything is narrowed by the Viewer.

#include "archive/schema.h"
#include "base/time_zone.h"
#include "crm/leads/lead_stock.h"
#include "crm/nurture/lead_query.h"
#include "crm/nurture/push_ledger.h"
#include "crm/staff/query.h"
#include "crm/staff/viewer_scope.h"
#include "gateway/api/handlers.h"
#include "gateway/api/masking.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"
#include "gateway/inbox.h"

namespace leadbridge::gateway {

namespace {

constexpr int shown = 20;
constexpr std::int64_t waiting_ms = 7LL * 86'400'000;

json::object unanswered_json(Snapshot& s, const crm::Viewer& viewer, UnixMillis now) {
    const auto ask = [&](std::string_view select) {
        crm::Query query(std::string(select) + " FROM chat_summary cs");
        query
            .where(
                "cs.corp_id = ? AND cs.last_from_contact = 1 AND cs.last_ms >= ?",
                {viewer.corp, now - waiting_ms}
            )
            .where(crm::member_clause(viewer, "cs.member_id"));
        return query;
    };
    json::array items;
    auto list =
        ask("SELECT cs.contact_id, (SELECT c.name FROM contact c WHERE c.corp_id = "
            "cs.corp_id AND c.id = cs.contact_id), cs.member_id, (SELECT m.name FROM member "
            "m WHERE m.corp_id = cs.corp_id AND m.id = cs.member_id), cs.conversation, "
            "cs.last_ms");
    list.then(" ORDER BY cs.last_ms LIMIT ?", {shown});
    (void)list.all(s, [&](const Row& row) {
        items.push_back(json::object{
            {"contact", row.id<crm::ContactId>(0).str()},
            {"contact_name", row.str(1)},
            {"member", row.id<crm::MemberId>(2).str()},
            {"member_name", row.str(3)},
            {"conversation", row.str(4)},
            {"since", time_json(row.integer(5))}});
        return 0;
    });
    return json::object{{"count", ask("SELECT COUNT(*)").number(s)}, {"items", std::move(items)}};
}

std::int64_t events(
    Snapshot& s, const crm::Viewer& viewer, std::string_view kinds, UnixMillis since
) {
    crm::Query query("SELECT COUNT(*) FROM timeline t");
    query.where("t.corp_id = ? AND t.kind IN (" + std::string(kinds) + ")", {viewer.corp})
        .where("t.at_ms >= ?", {since})
        .where(crm::member_clause(viewer, "t.member_id"));
    return query.number(s);
}

struct MessageCounts {
    std::int64_t from_contacts = 0;
    std::int64_t from_members = 0;
};

// The members in sight, as conversations name them.
std::vector<std::string> userids_in_sight(Snapshot& s, const crm::Viewer& viewer) {
    crm::Query query("SELECT m.userid FROM member m");
    query.where("m.corp_id = ?", {viewer.corp}).where(crm::member_clause(viewer, "m.id"));
    return query.all(s, [](const Row& row) { return row.str(0); });
}

// Messages that came in since (their ids are made of the time), of conversations in sight.
MessageCounts messages(
    Snapshot& archive,
    const crm::Viewer& viewer,
    const std::vector<std::string>& userids,
    UnixMillis since
) {
    MessageCounts out;
    if (viewer.scope != crm::Scope::all && userids.empty()) {
        return out;
    }
    std::string sql = "SELECT m.side, COUNT(*) FROM message m";
    if (viewer.scope != crm::Scope::all) {
        sql += " JOIN conversation c ON c.corp_id = m.corp_id AND c.id = m.conversation_id";
    }
    sql += " WHERE m.corp_id = ? AND m.id >= ?";
    std::vector<Param> params{viewer.corp, first_id_of(since)};
    if (viewer.scope != crm::Scope::all) {
        sql += " AND c.userid IN (";
        for (std::size_t i = 0; i < userids.size(); ++i) {
            sql += i == 0 ? "?" : ",?";
            params.emplace_back(userids[i]);
        }
        sql += ")";
    }
    archive.each(sql + " GROUP BY m.side", Params{params}, [&](const Row& row) {
        const auto side = static_cast<archive::Side>(row.integer(0));
        if (side == archive::Side::contact) {
            out.from_contacts = row.integer(1);
        } else if (side == archive::Side::member) {
            out.from_members = row.integer(1);
        }
        return Visit::next;
    });
    return out;
}

// What only somebody who sees everything is told.
void add_machine(Snapshot& s, const crm::Viewer& viewer, json::object& now) {
    now["inbox_parked"] = s.number(
        "SELECT COUNT(*) FROM inbox WHERE corp_id = ? AND state IN (?, ?)",
        {viewer.corp, InboxState::dead, InboxState::parked}
    );
    now["jobs_dead"] =
        s.number("SELECT COUNT(*) FROM job WHERE corp_id = ? AND state = 3", {viewer.corp});
    now["pushes_in_doubt"] = s.number(
        "SELECT COALESCE(SUM(n - settled), 0) FROM push_batch WHERE corp_id = ? AND state IN (?, "
        "?)",
        {viewer.corp, crm::RecipientState::unknown, crm::RecipientState::for_review}
    );
}

Result<json::object> leads_now(
    const ApiServices& services, const crm::Viewer& viewer, json::object& by_status
) {
    const auto all = services.lead_stock.of(viewer);
    const auto own = viewer.member ? services.lead_stock.of(viewer, {viewer.member}) : all;
    if (!all || !own) {
        return all ? own.error() : all.error();
    }
    for (std::size_t i = 0; i < all->size(); ++i) {
        by_status[to_string(static_cast<crm::LeadStatus>(i))] = (*all)[i];
    }
    crm::LeadPageQuery mine;
    mine.find.status = {crm::LeadStatus::fresh};
    mine.limit = shown;
    if (viewer.member) {
        mine.find.owner = {viewer.member};
    }
    const crm::LeadQueries queries(
        services.core, services.bitmaps, services.lead_stock, services.clock
    );
    auto page = queries.page(viewer, mine);
    if (!page) {
        return std::move(page).error();
    }
    json::array items;
    for (const crm::LeadQueryRow& row : page->items) {
        items.push_back(lead_json(row.lead));
    }
    constexpr auto fresh = static_cast<std::size_t>(crm::LeadStatus::fresh);
    return json::object{{"count", (*own)[fresh]}, {"items", std::move(items)}};
}

}  // namespace

Result<Response> get_home(const ApiServices& services, const ApiRequest& request) {
    const crm::Viewer& viewer = request.viewer();
    const auto corp = services.corp_directory.find(viewer.corp);
    const UnixMillis time = services.clock.now();
    const UnixMillis midnight =
        local_day_start(time, corp == nullptr ? "Asia/Shanghai" : corp->time_zone);
    json::object by_status;
    auto new_leads = leads_now(services, viewer, by_status);
    if (!new_leads) {
        return std::move(new_leads).error();
    }
    json::object now{
        {"new_leads", std::move(*new_leads)}, {"unassigned_leads", by_status["unassigned"]}};
    json::object today{{"since", time_json(midnight)}, {"leads", std::move(by_status)}};
    std::vector<std::string> userids;
    auto read = services.core.read<int>([&](Snapshot& s) -> Result<int> {
        now["unanswered"] = unanswered_json(s, viewer, time);
        today["adds"] = events(s, viewer, "'friend_added'", midnight);
        today["losses"] = events(s, viewer, "'friend_lost', 'friend_deleted'", midnight);
        today["leads_opened"] = events(s, viewer, "'lead_opened'", midnight);
        if (viewer.scope == crm::Scope::all && request.caller().may(crm::Permission::system_read)) {
            add_machine(s, viewer, now);
        }
        if (viewer.scope != crm::Scope::all) {
            userids = userids_in_sight(s, viewer);
        }
        return 0;
    });
    if (!read) {
        return std::move(read).error();
    }
    auto counted = services.archive.read<MessageCounts>([&](Snapshot& s) {
        return Result<MessageCounts>(messages(s, viewer, userids, midnight));
    });
    if (!counted) {
        return std::move(counted).error();
    }
    today["messages_from_contacts"] = counted->from_contacts;
    today["messages_from_members"] = counted->from_members;
    json::value answer = json::object{{"now", std::move(now)}, {"today", std::move(today)}};
    if (!request.caller().may(crm::Permission::contacts_phones)) {
        mask_answer(answer);
    }
    return Response::json(200, to_text(answer));
}

}  // namespace leadbridge::gateway
