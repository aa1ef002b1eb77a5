#include "base/utf8.h"
#include "crm/leads/lead.h"
#include "crm/leads/lead_rows.h"
#include "crm/staff/audit.h"
#include "crm/staff/list_text.h"
#include "crm/staff/member.h"
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

Error wrong_status(const LeadRow& lead, std::string_view needed) {
    return Error{
        ErrorCode::conflict,
        "the lead is " + std::string(to_string(lead.status)) + "; this needs " +
            std::string(needed),
        "lead_status"};
}

// One act on one lead: read and checked, changed by the caller, then written with audit and
// timeline.
class Act {
public:
    Act(Transaction& tx, const CrmServices& services, const Viewer& viewer)
        : tx_(tx), services_(services), viewer_(viewer) {}

    Status load(LeadId id, LeadDesk::IfVersion version) {
        if (!find_lead(tx_, viewer_, id)) {
            return Error{ErrorCode::not_found, "there is no such lead"};
        }
        lead = *Query(lead_columns)
                    .where("l.corp_id = ? AND l.id = ?", {viewer_.corp, id})
                    .one(tx_, read_lead);
        if (version && *version != lead.version) {
            return Error{ErrorCode::stale, "the lead was changed since it was read; read it again"};
        }
        before_ = shown(lead);
        return {};
    }

    Status write(std::string_view action, std::string_view kind) {
        const std::string after = shown(lead);
        const UnixMillis now = services_.clock.now();
        store_lead(tx_, lead);
        tell_lead(tx_, services_.ids, lead, {kind, now, viewer_.actor, after});
        record_audit(
            tx_,
            {services_.clock, services_.ids},
            viewer_,
            {action, "lead", lead.id.value, before_, after}
        );
        return {};
    }

    LeadRow lead;

private:
    Transaction& tx_;
    const CrmServices& services_;
    const Viewer& viewer_;
    std::string before_;
};

Status check_reason(std::string_view reason) {
    if (reason.empty() || characters(reason) > 200 || !is_utf8(reason)) {
        return Error{ErrorCode::rule_broken, "reason: must be 1..200 characters", "reason"};
    }
    return {};
}

}  // namespace

Status LeadDesk::set_stage(
    Transaction& tx, const Viewer& viewer, LeadId id, std::string_view stage, IfVersion version
) {
    if (stage.empty() || characters(stage) > 40 || !is_utf8(stage)) {
        return Error{ErrorCode::rule_broken, "stage: must be 1..40 characters", "stage"};
    }
    Act act(tx, services_, viewer);
    if (Status ok = act.load(id, version); !ok) {
        return ok;
    }
    if (act.lead.status != LeadStatus::fresh && act.lead.status != LeadStatus::following) {
        return wrong_status(act.lead, "new or following");
    }
    act.lead.status = LeadStatus::following;
    act.lead.stage = stage;
    return act.write("lead.stage", "lead_stage");
}

Status LeadDesk::claim(Transaction& tx, const Viewer& viewer, LeadId id, IfVersion version) {
    if (!viewer.member) {
        return Error{
            ErrorCode::rule_broken,
            "only a member can claim a lead; a service assigns it",
            "not_a_member"};
    }
    Act act(tx, services_, viewer);
    if (Status ok = act.load(id, version); !ok) {
        return ok;
    }
    if (act.lead.status != LeadStatus::unassigned) {
        return wrong_status(act.lead, "unassigned");
    }
    act.lead.status = LeadStatus::fresh;
    act.lead.owner = viewer.member;
    act.lead.owner_auto = false;
    return act.write("lead.claim", "lead_claimed");
}

Status LeadDesk::assign(
    Transaction& tx, const Viewer& viewer, LeadId id, MemberId to, IfVersion version
) {
    const auto member = MemberStore::find(tx, viewer.corp, to);
    if (!member || member->status == MemberStatus::left) {
        return Error{ErrorCode::rule_broken, "owner: is no member of the corp", "owner"};
    }
    Act act(tx, services_, viewer);
    if (Status ok = act.load(id, version); !ok) {
        return ok;
    }
    if (!is_open(act.lead.status)) {
        return wrong_status(act.lead, "an open lead");
    }
    if (act.lead.status == LeadStatus::unassigned) {
        act.lead.status = LeadStatus::fresh;
    }
    act.lead.owner = to;
    act.lead.owner_auto = false;
    return act.write("lead.assign", "lead_assigned");
}

Status LeadDesk::give_back(
    Transaction& tx, const Viewer& viewer, LeadId id, std::string_view reason, IfVersion version
) {
    if (Status ok = check_reason(reason); !ok) {
        return ok;
    }
    Act act(tx, services_, viewer);
    if (Status ok = act.load(id, version); !ok) {
        return ok;
    }
    if (act.lead.status != LeadStatus::fresh && act.lead.status != LeadStatus::following) {
        return wrong_status(act.lead, "new or following");
    }
    act.lead.status = LeadStatus::unassigned;
    act.lead.stage.clear();
    act.lead.owner = {};
    act.lead.owner_auto = false;
    act.lead.reason = reason;
    return act.write("lead.return", "lead_returned");
}

Status LeadDesk::convert(Transaction& tx, const Viewer& viewer, LeadId id, IfVersion version) {
    Act act(tx, services_, viewer);
    if (Status ok = act.load(id, version); !ok) {
        return ok;
    }
    if (act.lead.status != LeadStatus::fresh && act.lead.status != LeadStatus::following) {
        return wrong_status(act.lead, "new or following");
    }
    act.lead.status = LeadStatus::converted;
    act.lead.closed_ms = services_.clock.now();
    return act.write("lead.convert", "lead_converted");
}

Status LeadDesk::invalidate(
    Transaction& tx, const Viewer& viewer, LeadId id, std::string_view reason, IfVersion version
) {
    if (Status ok = check_reason(reason); !ok) {
        return ok;
    }
    Act act(tx, services_, viewer);
    if (Status ok = act.load(id, version); !ok) {
        return ok;
    }
    if (!is_open(act.lead.status)) {
        return wrong_status(act.lead, "an open lead");
    }
    act.lead.status = LeadStatus::invalid;
    act.lead.reason = reason;
    act.lead.closed_ms = services_.clock.now();
    return act.write("lead.invalidate", "lead_invalid");
}

}  // namespace leadbridge::crm
