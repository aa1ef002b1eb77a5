#pragma once
// Customer groups (客户群) and who is in them, as groupchat/get says (path 92122).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {

struct GroupChat {
    std::int64_t id = 0;
    CorpId corp;
    std::string chat_id;
    std::string name;  // "" = unnamed or not fetched yet
    std::string owner_userid;
    std::string notice;
    std::string member_version;
    UnixMillis created_ms = 0;
    UnixMillis dismissed_ms = 0;  // 0 = exists
    UnixMillis fetched_ms = 0;    // 0 = only known by an event
};

struct GroupChatMember {
    std::string userid;  // a member's userid or an external_userid
    bool external = false;
    ContactId contact;  // 0 = not a contact of ours
    UnixMillis join_ms = 0;
    int join_scene = 0;  // 1 direct invite, 2 invite link, 3 QR
    std::string state;
    std::string name;
};

struct GroupChatFact {
    GroupChat chat;                        // id and corp ignored
    std::vector<GroupChatMember> members;  // contact ignored
};

// What a fetch says; replaces the member list.
std::int64_t put_group_chat(
    Transaction& tx, const CrmServices& services, CorpId corp, const GroupChatFact& fact
);
// An event names it: the row is made when it is not there.
std::int64_t ensure_group_chat(
    Transaction& tx, const CrmServices& services, CorpId corp, std::string_view chat_id
);
void dismiss_group_chat(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    std::string_view chat_id,
    UnixMillis at
);

std::optional<GroupChat> find_group_chat(Snapshot& s, const Viewer& viewer, std::int64_t id);

// What the group is called, for whoever may see it; "" = unnamed, unknown or out of sight.
std::string group_chat_name(Snapshot& s, const Viewer& viewer, std::string_view chat_id);

// The group as one of its own members sees it, whatever the viewer's scope: only the viewer's
// member being in it counts.
struct OwnGroupChat {
    GroupChat chat;
    std::vector<GroupChatMember> members;
};

std::optional<OwnGroupChat> find_own_group_chat(
    Snapshot& s, const Viewer& viewer, std::string_view chat_id
);
// Whether the group is known at all.
bool knows_group_chat(Snapshot& s, CorpId corp, std::string_view chat_id);
PageOf<GroupChat> list_group_chats(Snapshot& s, const Viewer& viewer, const Page& page);
std::vector<GroupChatMember> group_chat_members(Snapshot& s, const Viewer& viewer, std::int64_t id);

}  // namespace leadbridge::crm
