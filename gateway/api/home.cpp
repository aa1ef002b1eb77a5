// GET home: what needs the caller now, and today's numbers. Everything is narrowed by the Viewer.

#include <algorithm>

#include "archive/arrivals.h"
#include "base/time_zone.h"
#include "crm/contacts/day_stock.h"
#include "crm/leads/lead_stock.h"
#include "crm/nurture/lead_query.h"
#include "crm/nurture/push_ledger.h"
#include "crm/staff/query.h"
#include "gateway/api/handlers.h"
#include "gateway/api/masking.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"
#include "gateway/inbox.h"

namespace leadbridge::gateway {

namespace {

constexpr int shown = 20;
constexpr std::int64_t waiting_ms = 7LL * 86'400'000;
constexpr std::int64_t minute_ms = 60'000;

json::array unanswered_json(Snapshot& s, const crm::Viewer& viewer, UnixMillis waiting) {
    crm::Query list(
        "SELECT cs.contact_id, (SELECT c.name FROM contact c WHERE c.corp_id = cs.corp_id AND "
        "c.id = cs.contact_id), cs.member_id, (SELECT m.name FROM member m WHERE m.corp_id = "
        "cs.corp_id AND m.id = cs.member_id), cs.conversation, cs.last_ms FROM chat_summary cs"
    );
    crm::where_unanswered(list, viewer, waiting);
    list.then(" ORDER BY cs.last_ms LIMIT ?", {shown});
    json::array items;
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
    return items;
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
    // To the minute, so that looks share what was counted.
    const UnixMillis waiting = (time / minute_ms) * minute_ms - waiting_ms;
    const auto counts = services.day_stock.of(viewer, midnight, waiting);
    if (!counts) {
        return counts.error();
    }
    const auto arrived = services.arrivals.since(viewer, midnight);
    if (!arrived) {
        return arrived.error();
    }
    json::object now{
        {"new_leads", std::move(*new_leads)}, {"unassigned_leads", by_status["unassigned"]}};
    auto read = services.core.read<int>([&](Snapshot& s) -> Result<int> {
        auto items = unanswered_json(s, viewer, waiting);
        const auto there = static_cast<std::int64_t>(items.size());
        // What was counted may be a little older than the list.
        const auto count = there < shown ? there : std::max(counts->unanswered, there);
        now["unanswered"] = json::object{{"count", count}, {"items", std::move(items)}};
        if (viewer.scope == crm::Scope::all && request.caller().may(crm::Permission::system_read)) {
            add_machine(s, viewer, now);
        }
        return 0;
    });
    if (!read) {
        return std::move(read).error();
    }
    json::object today{
        {"since", time_json(midnight)},
        {"leads", std::move(by_status)},
        {"adds", counts->adds},
        {"losses", counts->losses},
        {"leads_opened", counts->leads_opened},
        {"messages_from_contacts", arrived->from_contacts},
        {"messages_from_members", arrived->from_members}};
    json::value answer = json::object{{"now", std::move(now)}, {"today", std::move(today)}};
    if (!request.caller().may(crm::Permission::contacts_phones)) {
        mask_answer(answer);
    }
    return Response::json(200, to_text(answer));
}

}  // namespace leadbridge::gateway
