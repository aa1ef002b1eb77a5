#pragma once
// A touch is what a connector tells crm: what happened outside, in our words. No wire format here.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace leadbridge::crm {

enum class IdentityKind : std::uint8_t {
    external_userid = 1,
    unionid = 2,
    phone = 3,
    email = 4,
    openid = 5
};

struct Identity {
    IdentityKind kind;
    std::string
        value;  // as received; intake normalises (phone digits with country, e-mail lower case)
};

// A member added a contact or the reverse. half: the contact added through a skip-verify way, the
// member has not confirmed. Half add and add of one (member, contact) are one touch.
struct FriendAdded {
    std::string userid;  // the member, as received
    std::string external_userid;
    std::string state;    // of the contact way, opaque and untrusted; may be empty
    std::string link_id;  // acquisition link, may be empty
    bool half = false;
    bool has_welcome_code = false;
};

enum class LostBy : std::uint8_t { member_deleted, contact_deleted, transferred };

struct FriendLost {
    std::string userid;
    std::string external_userid;
    LostBy by;
};

// Remark or tags were edited in the client: the object is refetched.
struct ContactEdited {
    std::string userid;
    std::string external_userid;
};

struct ConsentGiven {  // msg_audit_approved
    std::string userid;
    std::string external_userid;
};

struct TransferFailed {
    std::string userid;  // takeover member
    std::string external_userid;
    std::string reason;
};

// What a fetch (get, batch/get_by_user) says of one friendship; kept as received and projected.
struct FollowFact {
    std::string userid;
    std::string remark;
    std::string description;
    UnixMillis created_ms = 0;               // createtime
    std::vector<std::string> tag_ids;        // WeCom tag ids (corp tags and rule-group tags)
    std::vector<std::string> personal_tags;  // names of the member's own tags
    std::string remark_corp_name;
    std::vector<std::string> remark_mobiles;
    int add_way = 0;
    std::string state;
    std::string oper_userid;
};

struct ContactFetched {
    std::string external_userid;
    std::string name;
    std::string avatar;
    int type = 0;    // 1 WeChat, 2 WeCom
    int gender = 0;  // 0 unknown, 1 male, 2 female
    std::string unionid;
    std::string position;
    std::string corp_name;
    std::string corp_full_name;
    std::vector<FollowFact> follows;
    bool whole = false;  // follows are all of this contact (get); false: one page or one member's
                         // view (batch)
};

// get said 84061: this follow (or, with userid "", every follow we know) does not exist any more.
struct FollowGone {
    std::string userid;
    std::string external_userid;
};

struct FormAnswer {
    std::string question;
    std::string answer;
};

struct FormSubmitted {
    std::int64_t source_id = 0;  // sources row
    std::string form_name;
    std::vector<Identity> identities;
    std::string name;
    std::string company;
    std::vector<FormAnswer> answers;
    std::string state;                 // our channel state carried through the form, may be empty
    std::vector<std::string> tag_ids;  // internal tag ids of the source, as decimal
    std::string owner_userid;          // fixed owner of the source, may be empty
    bool repeat = false;  // marked: same bytes within the window of a source without delivery id
};

struct MessagesSeen {             // one per conversation and pulled page; never text
    std::string conversation;     // archive's conversation id
    std::string userid;           // the member; "" for groups
    std::string external_userid;  // the contact; "" for groups
    std::string roomid;           // "" for single chats
    int from_contact = 0;
    int from_member = 0;
    UnixMillis first_ms = 0;
    UnixMillis last_ms = 0;
    std::string last_msgid;
    bool last_from_contact = false;
    std::vector<std::string> signals;  // "asked", "answered", "promised", rule ids
};

enum class TagChange : std::uint8_t { created, updated, deleted, shuffled };

struct TagChanged {
    TagChange change;
    std::string wecom_id;
    bool group = false;
};

struct GroupChanged {
    std::string chat_id;
    std::string detail;  // "create", "dismiss", "add_member", "del_member", "change_owner",
                         // "change_name", "change_notice", ""
    std::vector<std::string> members;
};

struct MemberChanged {
    std::string userid;
    std::string new_userid;  // renamed; else ""
    bool deleted = false;
    std::string name;         // "" = not in the event, unknown
    std::string departments;  // "1,2,3"; "" = not in the event
    int status = 0;           // 1 active, 2 disabled, 4 not activated, 5 left; 0 = not in the event
};

struct DepartmentChanged {
    std::int64_t id = 0;
    std::string name;
    std::int64_t parent = 0;
    bool deleted = false;
};

// Known, kept on the corp's or contact's timeline, without a use yet (customer_acquisition ...).
struct Noted {
    std::string kind;             // "customer_acquisition.balance_low", ...
    std::string external_userid;  // "" = the corp's timeline
    std::string userid;
    std::string detail;  // small JSON of the known fields, without credentials
};

using TouchBody = std::variant<
    FriendAdded,
    FriendLost,
    ContactEdited,
    ConsentGiven,
    TransferFailed,
    ContactFetched,
    FollowGone,
    FormSubmitted,
    MessagesSeen,
    TagChanged,
    GroupChanged,
    MemberChanged,
    DepartmentChanged,
    Noted>;

struct Touch {
    CorpId corp;
    UnixMillis at = 0;          // when it happened outside (the event's own time)
    std::string key;            // dedupe key: applying a touch twice equals once
    std::int64_t inbox_id = 0;  // 0 = not from the inbox
    TouchBody body;
};

}  // namespace leadbridge::crm
