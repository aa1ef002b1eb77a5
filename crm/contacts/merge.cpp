#include "crm/contacts/merge.h"

#include "crm/contacts/chat_summary.h"
#include "crm/contacts/contact_tag_rows.h"
#include "crm/contacts/contact_text.h"
#include "crm/contacts/timeline.h"
#include "crm/staff/list_text.h"

namespace leadbridge::crm {
namespace {

void move_tags(Transaction& tx, CorpId corp, ContactId from, ContactId into) {
    struct Held {
        TagId tag;
        bool own = false;
        std::string wecom_id;
    };

    const auto held = tx.all(
        "SELECT ct.tag_id, ct.own, t.wecom_id FROM contact_tag ct JOIN tag t ON t.corp_id = "
        "ct.corp_id AND t.id = ct.tag_id "
        "WHERE ct.corp_id = ? AND ct.contact_id = ?",
        {corp, from},
        [](const Row& row) {
            return Held{row.id<TagId>(0), row.flag(1), row.str(2)};
        }
    );
    for (const Held& row : held) {
        if (row.own) {
            set_own_tag(tx, corp, into, row.tag);
            clear_own_tag(tx, corp, from, row.tag);
        }
        if (!row.wecom_id.empty()) {  // the friendships have moved already
            derive_tag(tx, corp, into, row.tag, row.wecom_id);
            derive_tag(tx, corp, from, row.tag, row.wecom_id);
        }
    }
}

void move_consent(Transaction& tx, CorpId corp, ContactId from, ContactId into) {
    tx.execute(
        "INSERT INTO consent(corp_id, contact_id, member_id, kind, at_ms) SELECT corp_id, ?, "
        "member_id, kind, at_ms "
        "FROM consent WHERE corp_id = ? AND contact_id = ? ON CONFLICT(corp_id, contact_id, "
        "member_id, kind) DO NOTHING",
        {into, corp, from}
    );
    tx.execute("DELETE FROM consent WHERE corp_id = ? AND contact_id = ?", {corp, from});
}

void fill_blanks(Transaction& tx, CorpId corp, ContactId from, ContactId into) {
    tx.execute(
        "UPDATE contact SET "
        "name = CASE WHEN contact.name = '' THEN o.name ELSE contact.name END, "
        "avatar = CASE WHEN contact.avatar = '' THEN o.avatar ELSE contact.avatar END, "
        "type = CASE WHEN contact.type = 0 THEN o.type ELSE contact.type END, "
        "gender = CASE WHEN contact.gender = 0 THEN o.gender ELSE contact.gender END, "
        "position = CASE WHEN contact.position = '' THEN o.position ELSE contact.position END, "
        "company = CASE WHEN contact.company = '' THEN o.company ELSE contact.company END, "
        "edited = contact.edited | o.edited, "
        "last_ms = CASE WHEN contact.last_ms < o.last_ms THEN o.last_ms ELSE contact.last_ms END, "
        "version = contact.version + 1 "
        "FROM (SELECT name, avatar, type, gender, position, company, last_ms, edited FROM contact "
        "WHERE "
        "corp_id = ? AND id = ?) o "
        "WHERE contact.corp_id = ? AND contact.id = ?",
        {corp, from, corp, into}
    );
}

}  // namespace

void merge_contact_rows(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId from,
    ContactId into,
    UnixMillis at
) {
    if (from == into) {
        return;
    }
    for (const std::string_view sql : {
             "UPDATE identity SET contact_id = ? WHERE corp_id = ? AND contact_id = ?",
             "UPDATE follow SET contact_id = ? WHERE corp_id = ? AND contact_id = ?",
             "UPDATE note SET contact_id = ? WHERE corp_id = ? AND contact_id = ?",
             "UPDATE group_chat_member SET contact_id = ? WHERE corp_id = ? AND contact_id = ?",
         }) {
        tx.execute(sql, {into, corp, from});
    }
    // An entry with a ref that `into` has as well (a chat of one day with one member) is folded
    // into it.
    tx.execute(
        "DELETE FROM timeline WHERE corp_id = ? AND contact_id = ? AND ref <> '' AND EXISTS "
        "(SELECT 1 FROM timeline o "
        "WHERE o.corp_id = ? AND o.contact_id = ? AND o.ref = timeline.ref)",
        {corp, from, corp, into}
    );
    tx.execute(
        "UPDATE timeline SET contact_id = ? WHERE corp_id = ? AND contact_id = ?",
        {into, corp, from}
    );
    move_tags(tx, corp, from, into);
    move_consent(tx, corp, from, into);
    move_summaries(tx, corp, from, into);
    fill_blanks(tx, corp, from, into);
    tx.execute(
        "UPDATE contact SET merged_into = ?, owner = 0, stage = '', version = version + 1 WHERE "
        "corp_id = ? AND id = ?",
        {into, corp, from}
    );
    // Whoever pointed to `from` points to `into` at once: chains stay short.
    tx.execute(
        "UPDATE contact SET merged_into = ? WHERE corp_id = ? AND merged_into = ?",
        {into, corp, from}
    );
    index_contact(tx, corp, from);
    index_contact(tx, corp, into);
    const std::string detail = object_text({{"contact_id", from.str()}});
    NewTimelineEvent event{corp, into, {}, {}, at, "merged", detail};
    add_event(tx, services.ids, event);
    tx.changed({corp, "contact", from.value, "deleted"});
    tx.changed({corp, "contact", from.value, "tagged"});
    tx.changed({corp, "contact", into.value, "updated"});
    tx.changed({corp, "contact", into.value, "tagged"});
}

}  // namespace leadbridge::crm
