#pragma once
// The rows of contact_tag and follow_tag; each keeps tag.uses right. Shared by tag.cpp,
// contact_tag.cpp and merge.cpp.

#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {

// We say the contact has the tag. True when the tag is new on the contact.
bool set_own_tag(Transaction& tx, CorpId corp, ContactId contact, TagId tag);
// We no longer say so; the row goes unless a friendship carries the tag. True when the row went.
bool clear_own_tag(Transaction& tx, CorpId corp, ContactId contact, TagId tag);
// Makes the row say what the friendships say.
enum class Derived { same, added, removed };
Derived derive_tag(
    Transaction& tx, CorpId corp, ContactId contact, TagId tag, std::string_view wecom_id
);

// Of one friendship: set or removed by us, waiting to be seen in WeCom.
void mark_follow_tag(
    Transaction& tx, CorpId corp, FollowId follow, std::string_view wecom_id, UnixMillis at
);
void unmark_follow_tag(
    Transaction& tx, CorpId corp, FollowId follow, std::string_view wecom_id, UnixMillis at
);

// The timeline entry and the change for tags that came to or left a contact; nothing when empty.
void note_tags(
    Transaction& tx,
    IdSource& ids,
    CorpId corp,
    ContactId contact,
    std::string_view kind,
    const std::vector<TagId>& tags,
    std::string_view actor,
    UnixMillis at
);

}  // namespace leadbridge::crm
