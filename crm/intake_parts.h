#pragma once
// How intake is cut into files: one function per kind of touch, all within the caller's
// transaction.

#include <string>
#include <string_view>

#include "base/database.h"
#include "base/result.h"
#include "crm/contacts/contact.h"
#include "crm/intake.h"
#include "crm/leads/lead.h"
#include "crm/touch.h"

namespace leadbridge::crm {

// One touch being applied.
struct Intake {
    Transaction& tx;
    const IntakeServices& services;
    const CrmServices crm;
    const Touch& touch;
    IntakeOutcome out;

    CorpId corp() const noexcept { return touch.corp; }

    UnixMillis at() const noexcept { return touch.at; }
};

Status take(Intake& in, const FriendAdded& body);
Status take(Intake& in, const FriendLost& body);
Status take(Intake& in, const ContactEdited& body);
Status take(Intake& in, const ConsentGiven& body);
Status take(Intake& in, const TransferFailed& body);
Status take(Intake& in, const ContactFetched& body);
Status take(Intake& in, const FollowGone& body);
Status take(Intake& in, const FormSubmitted& body);
Status take(Intake& in, const MessagesSeen& body);
Status take(Intake& in, const TagChanged& body);
Status take(Intake& in, const GroupChanged& body);
Status take(Intake& in, const MemberChanged& body);
Status take(Intake& in, const DepartmentChanged& body);
Status take(Intake& in, const Noted& body);

// --- shared ---

// The contact of an external_userid, made when it is not there. Error{invalid} for an unusable id.
Result<ContactId> contact_of(Intake& in, std::string_view external_userid);
MemberId member_of(Intake& in, std::string_view userid);
// Makes one contact of two; answers the one that stays (the older).
ContactId join_contacts(Intake& in, ContactId a, ContactId b);
// True when the contact has an external_userid other than this one.
bool is_another_friend(Intake& in, ContactId contact, std::string_view external_userid);

struct TimelineEntry {
    ContactId contact;
    MemberId member;
    std::string_view kind;
    std::string_view detail = {};
    std::string_view ref = {};
};

void tell(Intake& in, const TimelineEntry& entry);

// The channel that a state matches (0 = none) and the source a lead gets from it.
struct Origin {
    ChannelId channel;
    std::vector<TagId> tags;
    LeadSource source;
};

Origin origin_of(Intake& in, std::string_view state, std::string_view link_id);

}  // namespace leadbridge::crm
