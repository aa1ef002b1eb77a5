#include "crm/contacts/group_chat.h"

#include "crm/staff/query.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view group_columns =
    "SELECT g.id, g.corp_id, g.chat_id, g.name, g.owner_userid, g.notice, g.member_version, "
    "g.created_ms, g.dismissed_ms, "
    "g.fetched_ms FROM group_chat g";

GroupChat read_group(const Row& row) {
    return GroupChat{
        row.integer(0),
        row.id<CorpId>(1),
        row.str(2),
        row.str(3),
        row.str(4),
        row.str(5),
        row.str(6),
        row.integer(7),
        row.integer(8),
        row.integer(9)};
}

// A group is seen by whoever sees one of its contacts or is in it.
Clause group_clause(const Viewer& viewer) {
    if (viewer.scope == Scope::all) {
        return {};
    }
    const Clause contact = contact_clause(viewer, "c.id", "c.owner");
    Clause out;
    out.sql =
        "(EXISTS (SELECT 1 FROM group_chat_member gm JOIN contact c ON c.corp_id = gm.corp_id AND "
        "c.id = gm.contact_id "
        "WHERE gm.corp_id = ? AND gm.group_id = g.id AND " +
        contact.sql + "))";
    out.params.push_back(viewer.corp.value);
    out.params.insert(out.params.end(), contact.params.begin(), contact.params.end());
    return out;
}

std::vector<GroupChatMember> read_members(Snapshot& s, CorpId corp, std::int64_t id) {
    return s.all(
        "SELECT userid, external, contact_id, join_ms, join_scene, state, name FROM "
        "group_chat_member WHERE corp_id = ? "
        "AND group_id = ? ORDER BY join_ms, userid",
        {corp, id},
        [](const Row& row) {
            return GroupChatMember{
                row.str(0),
                row.flag(1),
                row.id<ContactId>(2),
                row.integer(3),
                static_cast<int>(row.integer(4)),
                row.str(5),
                row.str(6)};
        }
    );
}

}  // namespace

std::int64_t ensure_group_chat(
    Transaction& tx, const CrmServices& services, CorpId corp, std::string_view chat_id
) {
    const std::int64_t known =
        tx.number("SELECT id FROM group_chat WHERE corp_id = ? AND chat_id = ?", {corp, chat_id});
    if (known != 0) {
        return known;
    }
    const std::int64_t id = services.ids.next();
    tx.execute(
        "INSERT INTO group_chat(id, corp_id, chat_id, name, owner_userid, notice, member_version, "
        "created_ms, "
        "dismissed_ms, fetched_ms) VALUES(?,?,?,'','','','',0,0,0)",
        {id, corp, chat_id}
    );
    tx.changed({corp, "group", id, "created"});
    return id;
}

std::int64_t put_group_chat(
    Transaction& tx, const CrmServices& services, CorpId corp, const GroupChatFact& fact
) {
    const GroupChat& chat = fact.chat;
    const std::int64_t id = ensure_group_chat(tx, services, corp, chat.chat_id);
    tx.execute(
        "UPDATE group_chat SET name = ?, owner_userid = ?, notice = ?, member_version = ?, "
        "created_ms = ?, fetched_ms = ? "
        "WHERE corp_id = ? AND id = ?",
        {chat.name,
         chat.owner_userid,
         chat.notice,
         chat.member_version,
         chat.created_ms,
         services.clock.now(),
         corp,
         id}
    );
    tx.execute("DELETE FROM group_chat_member WHERE corp_id = ? AND group_id = ?", {corp, id});
    for (const GroupChatMember& member : fact.members) {
        const ContactId contact =
            member.external
                ? find_contact_id(tx, corp, IdentityKind::external_userid, member.userid)
                : ContactId{};
        tx.execute(
            "INSERT INTO group_chat_member(corp_id, group_id, userid, external, contact_id, "
            "join_ms, join_scene, state, "
            "name) VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(corp_id, group_id, userid) DO NOTHING",
            {corp,
             id,
             member.userid,
             member.external,
             contact,
             member.join_ms,
             member.join_scene,
             member.state,
             member.name}
        );
    }
    tx.changed({corp, "group", id, "updated"});
    return id;
}

void dismiss_group_chat(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    std::string_view chat_id,
    UnixMillis at
) {
    const std::int64_t id = ensure_group_chat(tx, services, corp, chat_id);
    tx.execute(
        "UPDATE group_chat SET dismissed_ms = ? WHERE corp_id = ? AND id = ?", {at, corp, id}
    );
    tx.changed({corp, "group", id, "updated"});
}

std::optional<GroupChat> find_group_chat(Snapshot& s, const Viewer& viewer, std::int64_t id) {
    return Query(group_columns)
        .where("g.corp_id = ? AND g.id = ?", {viewer.corp, id})
        .where(group_clause(viewer))
        .one(s, read_group);
}

std::string group_chat_name(Snapshot& s, const Viewer& viewer, std::string_view chat_id) {
    return Query("SELECT g.name FROM group_chat g")
        .where("g.corp_id = ? AND g.chat_id = ?", {viewer.corp, chat_id})
        .where(group_clause(viewer))
        .one(s, [](const Row& row) { return row.str(0); })
        .value_or("");
}

PageOf<GroupChat> list_group_chats(Snapshot& s, const Viewer& viewer, const Page& page) {
    Query query(group_columns);
    query.where("g.corp_id = ?", {viewer.corp}).where(group_clause(viewer));
    return page_of(s, query, "g.id", page, read_group, [](const GroupChat& g) { return g.id; });
}

std::vector<GroupChatMember> group_chat_members(
    Snapshot& s, const Viewer& viewer, std::int64_t id
) {
    if (!find_group_chat(s, viewer, id)) {
        return {};
    }
    return read_members(s, viewer.corp, id);
}

std::optional<OwnGroupChat> find_own_group_chat(
    Snapshot& s, const Viewer& viewer, std::string_view chat_id
) {
    // Members of ours are kept as WeCom names them, whatever the case.
    auto chat = Query(group_columns)
                    .where("g.corp_id = ? AND g.chat_id = ?", {viewer.corp, chat_id})
                    .where(
                        "EXISTS (SELECT 1 FROM group_chat_member gm JOIN member m ON m.corp_id = "
                        "gm.corp_id AND m.user_key = LOWER(gm.userid) WHERE gm.corp_id = ? AND "
                        "gm.group_id = g.id AND gm.external = 0 AND m.id = ?)",
                        {viewer.corp, viewer.member}
                    )
                    .one(s, read_group);
    if (!chat) {
        return std::nullopt;
    }
    auto members = read_members(s, viewer.corp, chat->id);
    return OwnGroupChat{std::move(*chat), std::move(members)};
}

bool knows_group_chat(Snapshot& s, CorpId corp, std::string_view chat_id) {
    return s.number(
               "SELECT COUNT(*) FROM group_chat WHERE corp_id = ? AND chat_id = ?", {corp, chat_id}
           ) != 0;
}

}  // namespace leadbridge::crm
