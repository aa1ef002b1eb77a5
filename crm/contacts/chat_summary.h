#pragma once
// What crm knows of a chat: counts and times per (member, contact), never text. Fed by
// MessagesSeen.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "crm/contacts/contact.h"
#include "crm/touch.h"

namespace leadbridge::crm {

struct ChatSummary {
    ContactId contact;
    MemberId member;
    std::string conversation;  // archive's id
    std::int64_t from_contact = 0;
    std::int64_t from_member = 0;
    UnixMillis first_ms = 0;
    UnixMillis last_ms = 0;
    UnixMillis last_contact_ms =
        0;  // 0 = never spoke; to the pulled page, not to the message, when both sides are on it
    UnixMillis last_member_ms = 0;
    bool last_from_contact = false;
    std::string last_msgid;
};

// Adds one MessagesSeen; order does not matter.
void add_to_summary(
    Transaction& tx, CorpId corp, ContactId contact, MemberId member, const MessagesSeen& seen
);
// Of a merge: `into` gets what was said with `from`; who talked with one member twice is added up.
// The friendships are moved before.
void move_summaries(Transaction& tx, CorpId corp, ContactId from, ContactId into);
// Marks the contact's friendships in which the contact wrote. By whoever changes either side.
void mark_spoke(Transaction& tx, CorpId corp, ContactId contact);
std::vector<ChatSummary> chats_of(Snapshot& s, const Viewer& viewer, ContactId contact);

}  // namespace leadbridge::crm
