#pragma once
// What a bulk act changes of a lead, kept so that it can be put back.

#include <optional>
#include <string>
#include <string_view>

#include "crm/leads/lead.h"

namespace leadbridge::crm {

struct LeadBefore {
    LeadId lead;
    LeadStatus status = LeadStatus::unassigned;
    std::string stage;
    MemberId owner;
    bool owner_auto = false;
    std::string reason;
    std::int64_t version = 0;  // the lead's version while the values held
};

// Of the contact's open lead, else of the newest closed one; nullopt without any.
std::optional<LeadBefore> lead_of_contact(Snapshot& s, CorpId corp, ContactId contact);
// Writes the former values back, with audit, timeline and change. `changed_to` is the version the
// act left: Error{conflict} "changed_since" when the lead has been changed again.
Status restore_lead(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    const LeadBefore& before,
    std::int64_t changed_to
);

std::string lead_before_text(const LeadBefore& before, std::int64_t changed_to);  // JSON

struct KeptLead {
    LeadBefore before;
    std::int64_t changed_to = 0;
};

Result<KeptLead> parse_lead_before(std::string_view text);

}  // namespace leadbridge::crm
