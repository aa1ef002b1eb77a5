#include "crm/contacts/contact_tag_rows.h"

#include "crm/contacts/timeline.h"
#include "crm/staff/list_text.h"

namespace leadbridge::crm {
namespace {

void count_use(Transaction& tx, CorpId corp, TagId tag, int by) {
    tx.execute("UPDATE tag SET uses = uses + ? WHERE corp_id = ? AND id = ?", {by, corp, tag});
}

bool insert_row(Transaction& tx, CorpId corp, ContactId contact, TagId tag) {
    const std::int64_t added = tx.execute(
        "INSERT INTO contact_tag(corp_id, contact_id, tag_id, own, from_follow) VALUES(?,?,?,0,0) "
        "ON CONFLICT(corp_id, contact_id, tag_id) DO NOTHING",
        {corp, contact, tag}
    );
    if (added > 0) {
        count_use(tx, corp, tag, 1);
    }
    return added > 0;
}

bool drop_if_unsaid(Transaction& tx, CorpId corp, ContactId contact, TagId tag) {
    const std::int64_t gone = tx.execute(
        "DELETE FROM contact_tag WHERE corp_id = ? AND contact_id = ? AND tag_id = ? AND own = 0 "
        "AND from_follow = 0",
        {corp, contact, tag}
    );
    if (gone > 0) {
        count_use(tx, corp, tag, -1);
    }
    return gone > 0;
}

}  // namespace

bool set_own_tag(Transaction& tx, CorpId corp, ContactId contact, TagId tag) {
    const bool added = insert_row(tx, corp, contact, tag);
    tx.execute(
        "UPDATE contact_tag SET own = 1 WHERE corp_id = ? AND contact_id = ? AND tag_id = ?",
        {corp, contact, tag}
    );
    return added;
}

bool clear_own_tag(Transaction& tx, CorpId corp, ContactId contact, TagId tag) {
    tx.execute(
        "UPDATE contact_tag SET own = 0 WHERE corp_id = ? AND contact_id = ? AND tag_id = ?",
        {corp, contact, tag}
    );
    return drop_if_unsaid(tx, corp, contact, tag);
}

Derived derive_tag(
    Transaction& tx, CorpId corp, ContactId contact, TagId tag, std::string_view wecom_id
) {
    // The contact's few friendships lead (CROSS JOIN pins it): a common tag is on thousands of
    // them.
    const bool carried = tx.exists(
        "SELECT 1 FROM follow f CROSS JOIN follow_tag ft WHERE f.corp_id = ? AND f.contact_id = ? "
        "AND ft.corp_id = f.corp_id AND ft.follow_id = f.id AND ft.personal = 0 AND ft.name = ? "
        "AND ft.set_ms >= 0",
        {corp, contact, wecom_id}
    );
    const bool added = carried && insert_row(tx, corp, contact, tag);
    tx.execute(
        "UPDATE contact_tag SET from_follow = ? WHERE corp_id = ? AND contact_id = ? AND tag_id = "
        "?",
        {carried, corp, contact, tag}
    );
    if (added) {
        return Derived::added;
    }
    return !carried && drop_if_unsaid(tx, corp, contact, tag) ? Derived::removed : Derived::same;
}

void mark_follow_tag(
    Transaction& tx, CorpId corp, FollowId follow, std::string_view wecom_id, UnixMillis at
) {
    // What WeCom has shown already (set_ms = 0) needs no waiting.
    tx.execute(
        "INSERT INTO follow_tag(corp_id, follow_id, name, personal, set_ms) VALUES(?,?,?,0,?) "
        "ON CONFLICT(corp_id, follow_id, personal, name) DO UPDATE SET set_ms = excluded.set_ms "
        "WHERE follow_tag.set_ms <> 0",
        {corp, follow, wecom_id, at}
    );
}

void unmark_follow_tag(
    Transaction& tx, CorpId corp, FollowId follow, std::string_view wecom_id, UnixMillis at
) {
    tx.execute(
        "UPDATE follow_tag SET set_ms = ? WHERE corp_id = ? AND follow_id = ? AND personal = 0 AND "
        "name = ?",
        {-at, corp, follow, wecom_id}
    );
}

void note_tags(
    Transaction& tx,
    IdSource& ids,
    CorpId corp,
    ContactId contact,
    std::string_view kind,
    const std::vector<TagId>& tags,
    std::string_view actor,
    UnixMillis at
) {
    if (tags.empty()) {
        return;
    }
    std::vector<std::int64_t> values;
    std::string names;
    for (const TagId tag : tags) {
        values.push_back(tag.value);
        names += names.empty() ? "" : ", ";
        names += tx.one(
                       "SELECT name FROM tag WHERE corp_id = ? AND id = ?",
                       {corp, tag},
                       [](const Row& row) { return row.str(0); }
        ).value_or("");
    }
    const std::string detail = object_text({{"tag_ids", ids_text(values)}, {"names", names}});
    NewTimelineEvent event{corp, contact, {}, {}, at, kind, detail, actor};
    add_event(tx, ids, event);
    // Tags stand on the contact's card: whoever read it before reads it again before an edit.
    tx.execute(
        "UPDATE contact SET version = version + 1 WHERE corp_id = ? AND id = ?", {corp, contact}
    );
    tx.changed({corp, "contact", contact.value, "tagged"});
}

}  // namespace leadbridge::crm
