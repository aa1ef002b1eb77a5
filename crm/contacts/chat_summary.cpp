#include "crm/contacts/chat_summary.h"

#include "crm/staff/query.h"

namespace leadbridge::crm {

namespace {

// Counts are added; what was said last stays what it was.
constexpr std::string_view adding_up =
    " ON CONFLICT(corp_id, contact_id, member_id) DO UPDATE SET "
    "from_contact = chat_summary.from_contact + excluded.from_contact, "
    "from_member = chat_summary.from_member + excluded.from_member, "
    "first_ms = CASE WHEN excluded.first_ms < chat_summary.first_ms THEN excluded.first_ms "
    "ELSE chat_summary.first_ms END, "
    "last_from_contact = CASE WHEN excluded.last_ms >= chat_summary.last_ms THEN "
    "excluded.last_from_contact "
    "ELSE chat_summary.last_from_contact END, "
    "last_msgid = CASE WHEN excluded.last_ms >= chat_summary.last_ms THEN excluded.last_msgid "
    "ELSE chat_summary.last_msgid END, "
    "last_contact_ms = CASE WHEN excluded.last_contact_ms > chat_summary.last_contact_ms THEN "
    "excluded.last_contact_ms "
    "ELSE chat_summary.last_contact_ms END, "
    "last_member_ms = CASE WHEN excluded.last_member_ms > chat_summary.last_member_ms THEN "
    "excluded.last_member_ms "
    "ELSE chat_summary.last_member_ms END, "
    "last_ms = CASE WHEN excluded.last_ms > chat_summary.last_ms THEN excluded.last_ms ELSE "
    "chat_summary.last_ms END";

}  // namespace

void add_to_summary(
    Transaction& tx, CorpId corp, ContactId contact, MemberId member, const MessagesSeen& seen
) {
    const UnixMillis contact_ms = seen.from_contact > 0 ? seen.last_ms : 0;
    const UnixMillis member_ms = seen.from_member > 0 ? seen.last_ms : 0;
    tx.execute(
        "INSERT INTO chat_summary(corp_id, contact_id, member_id, conversation, from_contact, "
        "from_member, first_ms, "
        "last_ms, last_contact_ms, last_member_ms, last_from_contact, last_msgid) "
        "VALUES(?,?,?,?,?,?,?,?,?,?,?,?)" +
            std::string(adding_up),
        {corp,
         contact,
         member,
         seen.conversation,
         seen.from_contact,
         seen.from_member,
         seen.first_ms,
         seen.last_ms,
         contact_ms,
         member_ms,
         seen.last_from_contact,
         seen.last_msgid}
    );
    if (seen.from_contact > 0) {
        mark_spoke(tx, corp, contact);
    }
}

void move_summaries(Transaction& tx, CorpId corp, ContactId from, ContactId into) {
    tx.execute(
        "INSERT INTO chat_summary(corp_id, contact_id, member_id, conversation, from_contact, "
        "from_member, first_ms, last_ms, last_contact_ms, last_member_ms, last_from_contact, "
        "last_msgid) SELECT corp_id, ?, member_id, conversation, from_contact, from_member, "
        "first_ms, last_ms, last_contact_ms, last_member_ms, last_from_contact, last_msgid FROM "
        "chat_summary WHERE corp_id = ? AND contact_id = ?" +
            std::string(adding_up),
        {into, corp, from}
    );
    tx.execute("DELETE FROM chat_summary WHERE corp_id = ? AND contact_id = ?", {corp, from});
    mark_spoke(tx, corp, into);
}

void mark_spoke(Transaction& tx, CorpId corp, ContactId contact) {
    tx.execute(
        "UPDATE follow SET spoke = 1 WHERE corp_id = ? AND contact_id = ? AND spoke = 0 AND EXISTS "
        "(SELECT 1 FROM chat_summary cs WHERE cs.corp_id = follow.corp_id AND cs.contact_id = "
        "follow.contact_id AND cs.member_id = follow.member_id AND cs.from_contact > 0)",
        {corp, contact}
    );
}

std::vector<ChatSummary> chats_of(Snapshot& s, const Viewer& viewer, ContactId contact) {
    const auto visible = find_contact(s, viewer, contact);
    if (!visible) {
        return {};
    }
    return s.all(
        "SELECT contact_id, member_id, conversation, from_contact, from_member, first_ms, last_ms, "
        "last_contact_ms, "
        "last_member_ms, last_from_contact, last_msgid FROM chat_summary WHERE corp_id = ? AND "
        "contact_id = ? "
        "ORDER BY last_ms DESC",
        {viewer.corp, visible->id},
        [](const Row& row) {
            return ChatSummary{
                row.id<ContactId>(0),
                row.id<MemberId>(1),
                row.str(2),
                row.integer(3),
                row.integer(4),
                row.integer(5),
                row.integer(6),
                row.integer(7),
                row.integer(8),
                row.flag(9),
                row.str(10)};
        }
    );
}

}  // namespace leadbridge::crm
