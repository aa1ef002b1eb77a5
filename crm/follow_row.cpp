#include "crm/follow_row.h"

#include "crm/contacts/chat_summary.h"
#include "crm/contacts/contact_text.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view follow_columns =
    "SELECT f.id, f.corp_id, f.contact_id, f.member_id, f.external_userid, f.added_ms, f.full_ms, "
    "f.ended_ms, f.ended_by, "
    "f.remark, f.description, f.remark_company, f.remark_mobiles, f.add_way, f.state, "
    "f.channel_id, f.event_ms, f.fetched_ms "
    "FROM follow f";

FollowRow read_row(const Row& row) {
    FollowRow f;
    f.id = row.id<FollowId>(0);
    f.corp = row.id<CorpId>(1);
    f.contact = row.id<ContactId>(2);
    f.member = row.id<MemberId>(3);
    f.external_userid = row.str(4);
    f.added_ms = row.integer(5);
    f.full_ms = row.integer(6);
    f.ended_ms = row.integer(7);
    f.ended_by = static_cast<EndedBy>(row.integer(8));
    f.remark = row.str(9);
    f.description = row.str(10);
    f.remark_company = row.str(11);
    f.remark_mobiles = row.str(12);
    f.add_way = static_cast<int>(row.integer(13));
    f.state = row.str(14);
    f.channel = row.id<ChannelId>(15);
    f.event_ms = row.integer(16);
    f.fetched_ms = row.integer(17);
    return f;
}

}  // namespace

FollowRow load_follow(
    Transaction& tx,
    IdSource& ids,
    CorpId corp,
    ContactId contact,
    MemberId member,
    std::string_view external_userid
) {
    auto row = Query(follow_columns)
                   .where(
                       "f.corp_id = ? AND f.external_userid = ? AND f.member_id = ?",
                       {corp, external_userid, member}
                   )
                   .one(tx, read_row);
    if (row) {
        return std::move(*row);
    }
    FollowRow fresh;
    fresh.id = ids.next_as<FollowId>();
    fresh.corp = corp;
    fresh.contact = contact;
    fresh.member = member;
    fresh.external_userid = external_userid;
    return fresh;
}

void store_follow(Transaction& tx, const FollowRow& f) {
    tx.execute(
        "INSERT INTO follow(id, corp_id, contact_id, member_id, external_userid, live, half, "
        "added_ms, full_ms, ended_ms, "
        "ended_by, remark, description, remark_company, remark_mobiles, add_way, state, "
        "channel_id, event_ms, fetched_ms) "
        "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET contact_id "
        "= excluded.contact_id, "
        "live = excluded.live, half = excluded.half, added_ms = excluded.added_ms, full_ms = "
        "excluded.full_ms, "
        "ended_ms = excluded.ended_ms, ended_by = excluded.ended_by, remark = excluded.remark, "
        "description = excluded.description, remark_company = excluded.remark_company, "
        "remark_mobiles = excluded.remark_mobiles, add_way = excluded.add_way, state = "
        "excluded.state, "
        "channel_id = excluded.channel_id, event_ms = excluded.event_ms, fetched_ms = "
        "excluded.fetched_ms",
        {f.id,       f.corp,   f.contact,     f.member,         f.external_userid,
         f.live(),   f.half(), f.added_ms,    f.full_ms,        f.ended_ms,
         f.ended_by, f.remark, f.description, f.remark_company, f.remark_mobiles,
         f.add_way,  f.state,  f.channel,     f.event_ms,       f.fetched_ms}
    );
    mark_spoke(tx, f.corp, f.contact);
    index_contact(tx, f.corp, f.contact);
    tx.changed({f.corp, "contact", f.contact.value, "updated"});
}

std::vector<FollowRow> follow_rows(Snapshot& s, CorpId corp, std::string_view external_userid) {
    return Query(follow_columns)
        .where("f.corp_id = ? AND f.external_userid = ?", {corp, external_userid})
        .all(s, read_row);
}

std::vector<FollowRow> follow_rows(Snapshot& s, CorpId corp, ContactId contact) {
    return Query(follow_columns)
        .where("f.corp_id = ? AND f.contact_id = ?", {corp, contact})
        .all(s, read_row);
}

}  // namespace leadbridge::crm
