#pragma once
// Decides for a slice of an audience who gets a push and from whom. Used by push_planner only.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "crm/contacts/contact.h"
#include "crm/nurture/push_ledger.h"
#include "crm/staff/corp.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

struct CapWindow {
    UnixMillis since = 0;
    int limit = 0;  // messages a contact may get since then
};

// days_in_month: the local calendar month; seven_per_week: the last seven local days; one_per_day:
// today.
CapWindow cap_window(PushCapRule rule, UnixMillis now, std::string_view time_zone);

struct AudienceQuestion {
    Viewer viewer;  // contacts it does not see are left out
    PushId push;
    std::string content_hash;
    CapWindow cap;
};

struct Decision {
    ContactId contact;
    std::string_view exclusion;  // "" = is sent to; a constant
    MemberId sender;
    std::string sender_userid;
    std::string external_userid;
};

// One decision per live, visible contact among the ordinals that has no row in the push yet.
std::vector<Decision> decide_recipients(
    Snapshot& s, const AudienceQuestion& question, std::span<const std::uint32_t> ords
);

}  // namespace leadbridge::crm
