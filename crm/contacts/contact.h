#pragma once
// Contacts (客户), their identities and friendships. Tables: crm/contacts/migrations.cpp.
// Writers here never ask who may: people's acts take a Viewer, intake passes Viewer::daemon.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/job_queue.h"
#include "base/result.h"
#include "crm/staff/page.h"
#include "crm/staff/viewer.h"
#include "crm/touch.h"

namespace leadbridge::crm {

using ContactId = Id<struct ContactTag>;
using LeadId = Id<struct LeadTag>;
using ChannelId = Id<struct ChannelTag>;
using TagId = Id<struct TagTag>;
using FollowId = Id<struct FollowTag>;

std::span<const Migration> contacts_migrations();

struct CrmServices {  // all outlive every call; all are thread-safe
    const Clock& clock;
    IdSource& ids;
    JobQueue& jobs;
};

struct Contact {
    ContactId id;
    CorpId corp;
    std::int64_t ord = 0;  // dense per corp, from 0, never reused: the bit in tag bitmaps
    std::string name;      // WeChat nickname, or what the form said
    std::string avatar;
    int type = 0;  // 1 WeChat, 2 WeCom, 0 unknown
    int gender = 0;
    std::string position;
    std::string company;
    MemberId owner;     // projection: of the open lead, else of the oldest live follow
    std::string stage;  // projection: the open lead's stage, else its status; "customer" after a
                        // conversion; else ""
    UnixMillis last_ms = 0;  // last touch of any kind
    UnixMillis created_ms = 0;
    std::int64_t version = 0;  // ETag
    ContactId merged_into;     // 0 unless merged away
};

struct ContactIdentity {
    IdentityKind kind;
    std::string value;  // normalised
    UnixMillis added_ms = 0;
};

enum class EndedBy : std::uint8_t {
    member_deleted = 0,
    contact_deleted = 1,
    transferred = 2,
    gone = 3
};

struct Follow {  // 好友关系: one member's friendship with one external_userid
    FollowId id;
    ContactId contact;
    MemberId member;
    std::string userid;  // of the member, as received
    std::string external_userid;
    bool live = false;                 // added after it last ended
    bool half = false;                 // the member has not confirmed yet
    UnixMillis added_ms = 0;           // start of the newest friendship, 0 = unknown
    UnixMillis ended_ms = 0;           // newest end, 0 = never
    EndedBy ended_by = EndedBy::gone;  // meaningful when ended_ms > 0
    std::string remark;
    std::string description;
    std::string remark_company;
    std::vector<std::string> remark_mobiles;
    int add_way = 0;
    std::string state;        // as received
    ChannelId channel;        // the channel the state matched, 0 = none
    UnixMillis event_ms = 0;  // time of the newest event or fetch
};

// phone: digits with country (86 assumed for 11 digits that begin with 1); e-mail: lower case;
// others: trimmed. Error{invalid} when nothing usable is left.
Result<Identity> normalise(const Identity& identity);

struct Note {
    std::int64_t id = 0;
    UnixMillis at = 0;
    std::string actor;  // who wrote it: "user:NAME", "token:NAME"
    std::string text;
};

struct ContactFilter {
    std::optional<TagId> tag;
    std::optional<MemberId> owner;
    std::optional<ChannelId> channel;  // some friendship came through it
    std::string stage;                 // "" = any
    std::string q;                     // part of the name, or an exact phone, e-mail or external id
};

struct ContactPatch {  // what people may edit; absent = unchanged
    std::optional<std::string> name;
    std::optional<std::string> position;
    std::optional<std::string> company;
    std::optional<int> gender;
};

// Reading. A contact that was merged away answers with the one it was merged into.
std::optional<Contact> find_contact(Snapshot& s, const Viewer& viewer, ContactId id);
ContactId find_contact_id(
    Snapshot& s, CorpId corp, IdentityKind kind, std::string_view normalised
);  // 0 = none
PageOf<Contact> list_contacts(
    Snapshot& s, const Viewer& viewer, const ContactFilter& filter, const Page& page
);
std::int64_t count_contacts(Snapshot& s, const Viewer& viewer, const ContactFilter& filter);
std::vector<ContactIdentity> identities_of(Snapshot& s, const Viewer& viewer, ContactId id);
std::vector<Follow> follows_of(
    Snapshot& s, const Viewer& viewer, ContactId id
);  // all of a visible contact, live ones first
std::vector<Note> notes_of(
    Snapshot& s, const Viewer& viewer, ContactId id, int limit
);  // of a visible contact, newest first
// For the contact sync: external_userids of a member's live, confirmed friendships that neither an
// event nor a fetch named at or after since_ms, in order, after `after`.
std::vector<std::string> silent_follows(
    Snapshot& s,
    CorpId corp,
    MemberId member,
    UnixMillis since_ms,
    std::string_view after,
    int limit
);
std::optional<Follow> find_follow(
    Snapshot& s, CorpId corp, MemberId member, std::string_view external_userid
);

// Acts of people.
Status patch_contact(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId id,
    const ContactPatch& patch,
    std::optional<std::int64_t> if_version
);
Result<std::int64_t> add_note(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId id,
    std::string_view text
);
// Sets remark and description of one friendship here and, through the outbox, in WeCom (path 92115:
// 20 and 150 characters).
Status set_remark(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId id,
    MemberId member,
    std::string_view remark,
    std::string_view description
);

// Writing by intake and merge.
ContactId create_contact(
    Transaction& tx, const CrmServices& services, CorpId corp, std::string_view name, UnixMillis at
);
// False when the identity belongs to another contact already.
bool add_identity(
    Transaction& tx, CorpId corp, ContactId contact, const Identity& normalised, UnixMillis at
);
// Raises last_ms. The caller writes what happened on the contact's timeline in the same
// transaction: the change log has no entry of its own for a touch.
void touch_contact(Transaction& tx, CorpId corp, ContactId contact, UnixMillis at);

}  // namespace leadbridge::crm
