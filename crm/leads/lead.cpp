#include "crm/leads/lead.h"

#include <array>

#include "crm/contacts/contact_rows.h"
#include "crm/leads/lead_rows.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {
namespace {

constexpr std::array<std::string_view, 5> status_names = {
    "unassigned", "new", "following", "converted", "invalid"};

bool narrow(Query& query, Snapshot& s, const Viewer& viewer, const LeadFilter& filter) {
    query.where("l.corp_id = ?", {viewer.corp}).where(lead_clause(viewer));
    if (filter.status) {
        query.where("l.status = ?", {*filter.status});
    }
    if (!filter.stage.empty()) {
        query.where("l.stage = ?", {filter.stage});
    }
    if (filter.owner) {
        query.where("l.owner = ?", {*filter.owner});
    }
    if (filter.channel) {
        query.where("l.first_channel = ?", {*filter.channel});
    }
    if (filter.contact) {
        query.where("l.contact_id = ?", {*filter.contact});
    }
    if (filter.tag) {
        query.where(
            "EXISTS (SELECT 1 FROM contact_tag ct WHERE ct.corp_id = ? AND ct.contact_id = "
            "l.contact_id AND ct.tag_id = ?)",
            {viewer.corp, *filter.tag}
        );
    }
    return search_contacts(query, s, viewer.corp, filter.q);
}

// The lead without what only this room needs of its row.
Lead public_part(const Row& row) {
    const LeadRow whole = read_lead(row);
    const Lead& lead = whole;
    return lead;
}

}  // namespace

Clause lead_clause(const Viewer& viewer) {
    Clause clause = member_clause(viewer, "l.owner");
    if (!clause.sql.empty() && viewer.member) {
        clause.sql = "(l.owner = 0 OR " + clause.sql + ")";
    }
    return clause;
}

std::string_view to_string(LeadStatus status) noexcept {
    return status_names[static_cast<std::size_t>(status)];
}

std::optional<LeadStatus> parse_lead_status(std::string_view text) noexcept {
    for (std::size_t i = 0; i < status_names.size(); ++i) {
        if (status_names[i] == text) {
            return static_cast<LeadStatus>(i);
        }
    }
    return std::nullopt;
}

std::optional<Lead> find_lead(Snapshot& s, const Viewer& viewer, LeadId id) {
    return Query(lead_columns)
        .where("l.corp_id = ? AND l.id = ?", {viewer.corp, id})
        .where(lead_clause(viewer))
        .one(s, public_part);
}

PageOf<Lead> list_leads(
    Snapshot& s, const Viewer& viewer, const LeadFilter& filter, const Page& page
) {
    Query query(lead_columns);
    const bool few = narrow(query, s, viewer, filter) || filter.contact.has_value();
    return page_of(s, query, few ? "+l.id" : "l.id", page, public_part, [](const Lead& lead) {
        return lead.id.value;
    });
}

std::int64_t count_leads(Snapshot& s, const Viewer& viewer, const LeadFilter& filter) {
    Query query(
        "SELECT COUNT(*) FROM lead l JOIN contact c ON c.corp_id = l.corp_id AND c.id = "
        "l.contact_id"
    );
    narrow(query, s, viewer, filter);
    return query.number(s);
}

}  // namespace leadbridge::crm
