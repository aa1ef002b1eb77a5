#include <set>

#include "crm/contacts/contact_tag_rows.h"
#include "crm/contacts/tag.h"
#include "crm/outbox.h"

namespace leadbridge::crm {
namespace {

// Names are unique within a group in WeCom: whoever holds this one here has been renamed there and
// shows its id until its own fact comes.
void free_name(
    Transaction& tx, CorpId corp, TagGroupId group, std::string_view name, TagId keeper
) {
    tx.execute(
        "UPDATE tag SET name = CASE WHEN wecom_id <> '' THEN wecom_id ELSE 'tag ' || CAST(id AS "
        "TEXT) END "
        "WHERE corp_id = ? AND group_id = ? AND name = ? AND id <> ? AND deleted_ms = 0",
        {corp, group, name, keeper}
    );
}

TagGroupId apply_group(Transaction& tx, IdSource& ids, CorpId corp, const TagGroupFact& fact) {
    TagGroupId id{tx.number(
        "SELECT id FROM tag_group WHERE corp_id = ? AND kind = ? AND wecom_id = ?",
        {corp, TagKind::wecom, fact.wecom_id}
    )};
    if (!id) {  // made here, and WeCom has it by now
        id = TagGroupId{tx.number(
            "SELECT id FROM tag_group WHERE corp_id = ? AND kind = ? AND wecom_id = '' AND name = "
            "?",
            {corp, TagKind::wecom, fact.name}
        )};
    }
    if (!id) {
        id = ids.next_as<TagGroupId>();
        tx.execute(
            "INSERT INTO tag_group(id, corp_id, name, kind, wecom_id, sort) VALUES(?,?,?,?,?,?)",
            {id, corp, fact.name, TagKind::wecom, fact.wecom_id, fact.order}
        );
        return id;
    }
    tx.execute(
        "UPDATE tag_group SET name = ?, wecom_id = ?, sort = ? WHERE corp_id = ? AND id = ?",
        {fact.name, fact.wecom_id, fact.order, corp, id}
    );
    return id;
}

// The row of a tag that WeCom names; 0 when there is none yet.
TagId known_tag(Transaction& tx, CorpId corp, TagGroupId group, const TagGroupFact::TagFact& fact) {
    const TagId known{tx.number(
        "SELECT id FROM tag WHERE corp_id = ? AND wecom_id = ? AND wecom_id <> '' AND deleted_ms = "
        "0",
        {corp, fact.wecom_id}
    )};
    if (known) {
        return known;
    }
    return TagId{tx.number(
        "SELECT id FROM tag WHERE corp_id = ? AND group_id = ? AND wecom_id = '' AND name = ? AND "
        "deleted_ms = 0",
        {corp, group, fact.name}
    )};
}

// Friendships may have carried its id before the tag itself was known.
void derive_everywhere(Transaction& tx, CorpId corp, TagId tag, std::string_view wecom_id) {
    const auto contacts = tx.all(
        "SELECT DISTINCT f.contact_id FROM follow_tag ft JOIN follow f ON f.corp_id = ft.corp_id "
        "AND f.id = ft.follow_id "
        "WHERE ft.corp_id = ? AND ft.personal = 0 AND ft.name = ?",
        {corp, wecom_id},
        [](const Row& row) { return row.id<ContactId>(0); }
    );
    for (const ContactId contact : contacts) {
        if (derive_tag(tx, corp, contact, tag, wecom_id) != Derived::same) {
            tx.changed({corp, "contact", contact.value, "tagged"});
        }
    }
}

void apply_tag(
    Transaction& tx, IdSource& ids, CorpId corp, TagGroupId group, const TagGroupFact::TagFact& fact
) {
    const TagId known = known_tag(tx, corp, group, fact);
    free_name(tx, corp, group, fact.name, known);
    if (known) {
        const std::int64_t changed = tx.execute(
            "UPDATE tag SET group_id = ?, name = ?, wecom_id = ?, sort = ?, sync = ?, error = '', "
            "version = version + 1 "
            "WHERE corp_id = ? AND id = ? AND (group_id <> ? OR name <> ? OR wecom_id <> ? OR sort "
            "<> ? OR sync <> ?)",
            {group,
             fact.name,
             fact.wecom_id,
             fact.order,
             TagSync::ready,
             corp,
             known,
             group,
             fact.name,
             fact.wecom_id,
             fact.order,
             TagSync::ready}
        );
        if (changed > 0) {
            tx.changed({corp, "tag", known.value, "updated"});
            derive_everywhere(tx, corp, known, fact.wecom_id);
        }
        return;
    }
    const auto id = ids.next_as<TagId>();
    tx.execute(
        "INSERT INTO tag(id, corp_id, group_id, name, kind, wecom_id, sort, uses, sync, error, "
        "version, merged_into, "
        "deleted_ms) VALUES(?,?,?,?,?,?,?,0,?,'',1,0,0)",
        {id, corp, group, fact.name, TagKind::wecom, fact.wecom_id, fact.order, TagSync::ready}
    );
    tx.changed({corp, "tag", id.value, "created"});
    derive_everywhere(tx, corp, id, fact.wecom_id);
}

}  // namespace

void TagStore::apply_facts(
    Transaction& tx, CorpId corp, const std::vector<TagGroupFact>& groups, TagFacts extent
) {
    std::set<std::string> seen;
    std::set<std::string> seen_groups;
    for (const TagGroupFact& fact : groups) {
        const TagGroupId group = apply_group(tx, services_.ids, corp, fact);
        seen_groups.insert(fact.wecom_id);
        for (const TagGroupFact::TagFact& tag : fact.tags) {
            apply_tag(tx, services_.ids, corp, group, tag);
            seen.insert(tag.wecom_id);
        }
    }
    if (extent != TagFacts::whole) {
        return;
    }
    for (const Tag& tag : list(tx, Viewer::daemon(corp))) {
        if (tag.kind == TagKind::wecom && !tag.wecom_id.empty() && !seen.contains(tag.wecom_id)) {
            removed_in_wecom(tx, corp, tag.wecom_id, false);
        }
    }
    for (const TagGroup& group : this->groups(tx, Viewer::daemon(corp))) {
        if (group.kind == TagKind::wecom && !group.wecom_id.empty() &&
            !seen_groups.contains(group.wecom_id)) {
            removed_in_wecom(tx, corp, group.wecom_id, true);
        }
    }
}

void TagStore::removed_in_wecom(
    Transaction& tx, CorpId corp, std::string_view wecom_id, bool group
) {
    if (wecom_id.empty()) {
        return;
    }
    const auto tags = tx.all(
        group ? "SELECT t.id FROM tag t JOIN tag_group g ON g.corp_id = t.corp_id AND g.id = "
                "t.group_id "
                "WHERE t.corp_id = ? AND g.wecom_id = ? AND t.kind = 2 AND t.deleted_ms = 0"
              : "SELECT id FROM tag WHERE corp_id = ? AND wecom_id = ? AND deleted_ms = 0",
        {corp, wecom_id},
        [](const Row& row) { return row.id<TagId>(0); }
    );
    for (const TagId tag : tags) {
        tx.execute(
            "UPDATE tag SET deleted_ms = ?, version = version + 1 WHERE corp_id = ? AND id = ?",
            {services_.clock.now(), corp, tag}
        );
        tx.changed({corp, "tag", tag.value, "deleted"});
    }
    if (!tags.empty()) {
        settle(tx, corp);
    }
}

void TagStore::pushed(
    Transaction& tx,
    CorpId corp,
    TagId id,
    std::string_view wecom_id,
    std::string_view group_wecom_id
) {
    const auto tag = find(tx, Viewer::daemon(corp), id);
    if (!tag) {
        if (!wecom_id.empty()) {  // removed here while it was being made there
            put_job(
                tx, services_.jobs, corp, PushTag{id.value, "delete", std::string(wecom_id)}, 0
            );
        }
        return;
    }
    // A sync may have met the new tag first and taken it for another one.
    tx.execute(
        "UPDATE tag SET deleted_ms = ? WHERE corp_id = ? AND wecom_id = ? AND wecom_id <> '' AND "
        "id <> ? AND deleted_ms = 0",
        {services_.clock.now(), corp, wecom_id, id}
    );
    tx.execute(
        "UPDATE tag SET wecom_id = CASE WHEN ? <> '' THEN ? ELSE wecom_id END, sync = ?, error = "
        "'' WHERE corp_id = ? AND id = ?",
        {wecom_id, wecom_id, TagSync::ready, corp, id}
    );
    if (!group_wecom_id.empty()) {
        tx.execute(
            "UPDATE tag_group SET wecom_id = ? WHERE corp_id = ? AND id = ? AND wecom_id = ''",
            {group_wecom_id, corp, tag->group}
        );
    }
    tx.changed({corp, "tag", id.value, "updated"});
    if (!tag->wecom_id.empty() || wecom_id.empty()) {
        return;
    }
    derive_everywhere(tx, corp, id, wecom_id);
    // Contacts that got the tag while WeCom did not have it yet are marked now.
    const auto waiting = tx.all(
        "SELECT contact_id FROM contact_tag WHERE corp_id = ? AND tag_id = ? AND own = 1 LIMIT 500",
        {corp, id},
        [](const Row& row) { return row.id<ContactId>(0); }
    );
    for (const ContactId contact : waiting) {
        bool carried = false;
        for (const Follow& follow : follows_of(tx, Viewer::daemon(corp), contact)) {
            if (follow.live) {
                carried = true;
                mark_follow_tag(tx, corp, follow.id, wecom_id, services_.clock.now());
                put_job(
                    tx,
                    services_.jobs,
                    corp,
                    MarkTag{follow.userid, follow.external_userid, {std::string(wecom_id)}, {}},
                    0
                );
            }
        }
        derive_tag(tx, corp, contact, id, wecom_id);
        if (carried) {
            clear_own_tag(tx, corp, contact, id);
        }
    }
}

void TagStore::push_failed(Transaction& tx, CorpId corp, TagId id, std::string_view error) {
    tx.execute(
        "UPDATE tag SET sync = ?, error = ? WHERE corp_id = ? AND id = ?",
        {TagSync::failed, error, corp, id}
    );
    tx.changed({corp, "tag", id.value, "updated"});
}

}  // namespace leadbridge::crm
