#pragma once
// A friendship as intake keeps it. Events come late, twice and out of order, so the row holds the
// newest start, the newest full start (confirmed by the member) and the newest end; what holds now
// follows from these three and from nothing else.

#include <string>
#include <string_view>

#include "base/database.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {

struct FollowRow {
    FollowId id;
    CorpId corp;
    ContactId contact;
    MemberId member;
    std::string external_userid;
    UnixMillis added_ms = 0;
    UnixMillis full_ms = 0;
    UnixMillis ended_ms = 0;
    EndedBy ended_by = EndedBy::gone;
    std::string remark;
    std::string description;
    std::string remark_company;
    std::string remark_mobiles = "[]";
    int add_way = 0;
    std::string state;
    ChannelId channel;
    UnixMillis event_ms = 0;
    UnixMillis fetched_ms = 0;

    bool live() const noexcept { return added_ms > ended_ms; }

    bool half() const noexcept { return live() && full_ms <= ended_ms; }
};

// The stored row, or a new one (id set, not stored yet).
FollowRow load_follow(
    Transaction& tx,
    IdSource& ids,
    CorpId corp,
    ContactId contact,
    MemberId member,
    std::string_view external_userid
);
void store_follow(Transaction& tx, const FollowRow& row);
std::vector<FollowRow> follow_rows(Snapshot& s, CorpId corp, std::string_view external_userid);
std::vector<FollowRow> follow_rows(Snapshot& s, CorpId corp, ContactId contact);

}  // namespace leadbridge::crm
