#pragma once
// Leads (线索): one enquiry of a contact. At most one lead of a contact is open (unassigned, new,
// following). An asking touch joins the open lead, which keeps its first source and owner; after
// converted, invalid or `lead_idle_ms` without a touch the next one opens a new lead, and the idle
// one ends as invalid with reason "expired".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/result.h"
#include "crm/contacts/contact.h"
#include "crm/staff/page.h"
#include "crm/staff/viewer.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {

enum class LeadStatus : std::uint8_t {
    unassigned = 0,
    fresh = 1,
    following = 2,
    converted = 3,
    invalid = 4
};
std::string_view to_string(LeadStatus status
) noexcept;  // "unassigned" "new" "following" "converted" "invalid"
std::optional<LeadStatus> parse_lead_status(std::string_view text) noexcept;

constexpr bool is_open(LeadStatus s) noexcept {
    return s <= LeadStatus::following;
}

// Where a touch came from.
struct LeadSource {
    std::string kind;            // "channel" | "form" | "link" | "unattributed"
    ChannelId channel;           // kind channel; for a form that carried our state, too
    std::int64_t source_id = 0;  // sources row, kind form
    std::string raw;             // the state as received

    bool operator==(const LeadSource&) const = default;
};

struct Lead {
    LeadId id;
    CorpId corp;
    ContactId contact;
    std::string contact_name;
    LeadStatus status = LeadStatus::unassigned;
    std::string stage;  // inside following: "contacted", "qualified", "quoted", ... free words of
                        // at most 40 characters
    MemberId owner;     // 0 = none
    LeadSource first_source;
    LeadSource last_source;
    UnixMillis opened_ms = 0;  // time of its first touch
    UnixMillis last_ms = 0;    // time of its last touch
    UnixMillis closed_ms = 0;  // 0 = open
    std::string reason;        // of invalid or of a return
    LeadId linked;             // the older lead that was kept when two contacts were merged
    std::int64_t version = 0;  // ETag
};

struct LeadFilter {
    std::optional<LeadStatus> status;
    std::string stage;
    std::optional<MemberId> owner;
    std::optional<ChannelId> channel;  // first source
    std::optional<TagId> tag;          // of the contact
    std::optional<ContactId> contact;
    std::string q;  // as in ContactFilter
};

// Reading. A scope below all sees leads owned in scope and leads that nobody owns.
// lead_clause: that as a condition on `lead l`.
Clause lead_clause(const Viewer& viewer);
std::optional<Lead> find_lead(Snapshot& s, const Viewer& viewer, LeadId id);
PageOf<Lead> list_leads(
    Snapshot& s, const Viewer& viewer, const LeadFilter& filter, const Page& page
);
std::int64_t count_leads(Snapshot& s, const Viewer& viewer, const LeadFilter& filter);

// Acts of people, each with audit, timeline and change. Error{conflict} when the status does not
// allow it, Error{stale} on version.
class LeadDesk {
public:
    explicit LeadDesk(const CrmServices& services) : services_(services) {}

    using IfVersion = std::optional<std::int64_t>;

    Status set_stage(
        Transaction& tx, const Viewer& viewer, LeadId id, std::string_view stage, IfVersion version
    );  // new -> following too
    Status claim(
        Transaction& tx, const Viewer& viewer, LeadId id, IfVersion version
    );  // by the viewer's member; only unassigned
    Status assign(Transaction& tx, const Viewer& viewer, LeadId id, MemberId to, IfVersion version);
    Status give_back(
        Transaction& tx, const Viewer& viewer, LeadId id, std::string_view reason, IfVersion version
    );  // to unassigned
    Status convert(Transaction& tx, const Viewer& viewer, LeadId id, IfVersion version);
    Status invalidate(
        Transaction& tx, const Viewer& viewer, LeadId id, std::string_view reason, IfVersion version
    );

private:
    CrmServices services_;
};

// --- for intake ---

struct AskingTouch {
    UnixMillis at = 0;
    LeadSource source;
    MemberId owner;  // who gets a lead that has none; 0 = nobody
    std::int64_t idle_ms = 0;
    bool may_open = true;  // false: it joins a lead that covers its time, or does nothing
};

struct LeadTouched {
    LeadId lead;
    bool opened = false;
};

// Opens or joins. Late touches find their place by time: an earlier one takes over first source and
// automatic owner.
LeadTouched touch_lead(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    const AskingTouch& touch
);
// Names the source of a friendship's lead whose state was only learned later.
void attribute_lead(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    UnixMillis added_ms,
    const LeadSource& source
);

// A chat on the contact: keeps the lead alive unless it had been idle for idle_ms before; a word of
// a member turns new into following. Never opens one.
struct ChatTouch {
    UnixMillis last_ms = 0;
    bool member_spoke = false;
    std::int64_t idle_ms = 0;
};

void chat_on_lead(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    const ChatTouch& chat
);
// The contact was handed from one member to another: the open lead follows.
void hand_over_lead(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    MemberId from,
    MemberId to,
    UnixMillis at
);
// After merge_contact_rows: leads move to `into`; of two open ones the older stays, the other is
// linked to it and closed.
void merge_leads(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId from,
    ContactId into,
    UnixMillis at
);
// Recomputes owner and stage of the contact.
void project_contact(Transaction& tx, CorpId corp, ContactId contact);

}  // namespace leadbridge::crm
