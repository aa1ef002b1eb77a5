#include "crm/leads/lead_undo.h"

#include "base/json.h"
#include "crm/leads/lead_rows.h"
#include "crm/staff/audit.h"
#include "crm/staff/list_text.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {

namespace {

std::string shown(const LeadRow& l) {
    return object_text(
        {{"status", to_string(l.status)},
         {"stage", l.stage},
         {"owner", l.owner ? l.owner.str() : ""},
         {"reason", l.reason}}
    );
}

}  // namespace

std::optional<LeadBefore> lead_of_contact(Snapshot& s, CorpId corp, ContactId contact) {
    auto lead = open_lead(s, corp, contact);
    if (!lead) {
        std::vector<LeadRow> all = leads_of(s, corp, contact);
        if (all.empty()) {
            return std::nullopt;
        }
        lead = std::move(all.back());
    }
    return LeadBefore{
        lead->id,
        lead->status,
        lead->stage,
        lead->owner,
        lead->owner_auto,
        lead->reason,
        lead->version};
}

Status restore_lead(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    const LeadBefore& before,
    std::int64_t changed_to
) {
    if (!find_lead(tx, viewer, before.lead)) {
        return Error{ErrorCode::not_found, "there is no such lead", "not_found"};
    }
    LeadRow lead = *Query(lead_columns)
                        .where("l.corp_id = ? AND l.id = ?", {viewer.corp, before.lead})
                        .one(tx, read_lead);
    if (lead.version != changed_to) {
        return Error{ErrorCode::conflict, "the lead was changed again since", "changed_since"};
    }
    const std::string was = shown(lead);
    lead.status = before.status;
    lead.stage = before.stage;
    lead.owner = before.owner;
    lead.owner_auto = before.owner_auto;
    lead.reason = before.reason;
    store_lead(tx, lead);
    const UnixMillis now = services.clock.now();
    tell_lead(tx, services.ids, lead, {"lead_restored", now, viewer.actor, shown(lead)});
    record_audit(
        tx,
        {services.clock, services.ids},
        viewer,
        {"lead.restore", "lead", lead.id.value, was, shown(lead)}
    );
    return {};
}

std::string lead_before_text(const LeadBefore& before, std::int64_t changed_to) {
    return to_text(json::object{
        {"lead", before.lead.str()},
        {"status", to_string(before.status)},
        {"stage", before.stage},
        {"owner", before.owner.value},
        {"owner_auto", before.owner_auto},
        {"reason", before.reason},
        {"version", before.version},
        {"changed_to", changed_to}});
}

Result<KeptLead> parse_lead_before(std::string_view text) {
    auto value = parse_json(text);
    if (!value || !value->is_object()) {
        return Error{ErrorCode::internal, "a kept change of a lead cannot be read"};
    }
    const json::object& o = value->get_object();
    KeptLead out;
    out.before.lead = LeadId{parse_id(json_string(o, "lead")).value_or(0)};
    out.before.status =
        parse_lead_status(json_string(o, "status")).value_or(LeadStatus::unassigned);
    out.before.stage = json_string(o, "stage");
    out.before.owner = MemberId{json_int(o, "owner")};
    out.before.owner_auto = json_bool(o, "owner_auto");
    out.before.reason = json_string(o, "reason");
    out.before.version = json_int(o, "version");
    out.changed_to = json_int(o, "changed_to");
    return out;
}

}  // namespace leadbridge::crm
