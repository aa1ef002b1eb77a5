#pragma once
// The rows of table lead, as the files of this room share them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "crm/leads/lead.h"

namespace leadbridge::crm {

struct LeadRow : Lead {
    bool owner_auto = false;  // the owner was set by intake, not by a person
    UnixMillis asked_ms = 0;  // last asking touch
};

extern const std::string_view lead_columns;  // SELECT ... FROM lead l JOIN contact c ...
LeadRow read_lead(const Row& row);

// Leads of a contact that were not linked away, oldest first.
std::vector<LeadRow> leads_of(Snapshot& s, CorpId corp, ContactId contact);
std::optional<LeadRow> open_lead(Snapshot& s, CorpId corp, ContactId contact);

void insert_lead(Transaction& tx, const LeadRow& lead);
// Writes every column, raises the version, logs the change and projects onto the contact.
void store_lead(Transaction& tx, const LeadRow& lead);

struct LeadNews {
    std::string_view kind;  // of the timeline
    UnixMillis at = 0;
    std::string_view actor = {};
    std::string_view detail = {};
};

void tell_lead(Transaction& tx, IdSource& ids, const LeadRow& lead, const LeadNews& news);

std::string lead_source_text(const LeadSource& source);  // JSON for the timeline

}  // namespace leadbridge::crm
