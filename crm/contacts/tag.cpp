#include "crm/contacts/tag.h"

#include "base/utf8.h"
#include "crm/contacts/contact_tag_rows.h"
#include "crm/outbox.h"
#include "crm/staff/audit.h"
#include "crm/staff/list_text.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view tag_columns =
    "SELECT t.id, t.corp_id, t.group_id, g.name, t.name, t.kind, t.wecom_id, t.sort, t.uses, "
    "t.sync, t.error, t.version "
    "FROM tag t JOIN tag_group g ON g.corp_id = t.corp_id AND g.id = t.group_id";

constexpr std::int64_t slice = 500;

Tag read_tag(const Row& row) {
    Tag t;
    t.id = row.id<TagId>(0);
    t.corp = row.id<CorpId>(1);
    t.group = row.id<TagGroupId>(2);
    t.group_name = row.str(3);
    t.name = row.str(4);
    t.kind = static_cast<TagKind>(row.integer(5));
    t.wecom_id = row.str(6);
    t.order = row.integer(7);
    t.uses = row.integer(8);
    t.sync = static_cast<TagSync>(row.integer(9));
    t.error = row.str(10);
    t.version = row.integer(11);
    return t;
}

Status check_name(std::string_view field, std::string_view name) {
    if (name.empty() || characters(name) > 30 || !is_utf8(name)) {
        return Error{
            ErrorCode::rule_broken,
            std::string(field) + ": must be 1..30 characters",
            std::string(field)};
    }
    return {};
}

Error no_tag() {
    return Error{ErrorCode::not_found, "there is no such tag"};
}

Error name_taken() {
    return Error{ErrorCode::conflict, "a tag of that name exists in the group", "tag_name_taken"};
}

bool taken(Snapshot& s, CorpId corp, TagGroupId group, std::string_view name, TagId except) {
    return s.exists(
        "SELECT 1 FROM tag WHERE corp_id = ? AND group_id = ? AND name = ? AND id <> ? AND "
        "deleted_ms = 0",
        {corp, group, name, except}
    );
}

TagGroupId group_named(Transaction& tx, IdSource& ids, CorpId corp, const NewTag& tag) {
    const TagGroupId known{tx.number(
        "SELECT id FROM tag_group WHERE corp_id = ? AND kind = ? AND name = ? ORDER BY id LIMIT 1",
        {corp, tag.kind, tag.group}
    )};
    if (known) {
        return known;
    }
    const auto id = ids.next_as<TagGroupId>();
    tx.execute(
        "INSERT INTO tag_group(id, corp_id, name, kind, wecom_id, sort) VALUES(?,?,?,?,'',0)",
        {id, corp, tag.group, tag.kind}
    );
    return id;
}

std::string shown(const Tag& tag) {
    return object_text({{"group", tag.group_name}, {"name", tag.name}});
}

}  // namespace

std::optional<Tag> TagStore::find(Snapshot& s, const Viewer& viewer, TagId id) {
    return Query(tag_columns)
        .where("t.corp_id = ? AND t.id = ? AND t.deleted_ms = 0", {viewer.corp, id})
        .one(s, read_tag);
}

std::optional<Tag> TagStore::find_wecom(Snapshot& s, CorpId corp, std::string_view wecom_id) {
    if (wecom_id.empty()) {
        return std::nullopt;
    }
    return Query(tag_columns)
        .where(
            "t.corp_id = ? AND t.wecom_id = ? AND t.wecom_id <> '' AND t.deleted_ms = 0",
            {corp, wecom_id}
        )
        .one(s, read_tag);
}

std::vector<Tag> TagStore::list(Snapshot& s, const Viewer& viewer) {
    return Query(tag_columns)
        .where("t.corp_id = ? AND t.deleted_ms = 0", {viewer.corp})
        .then(" ORDER BY g.sort DESC, g.id, t.sort DESC, t.id")
        .all(s, read_tag);
}

std::vector<TagGroup> TagStore::groups(Snapshot& s, const Viewer& viewer) {
    return s.all(
        "SELECT id, name, kind, wecom_id, sort FROM tag_group WHERE corp_id = ? ORDER BY sort "
        "DESC, id",
        {viewer.corp},
        [](const Row& row) {
            return TagGroup{
                row.id<TagGroupId>(0),
                row.str(1),
                static_cast<TagKind>(row.integer(2)),
                row.str(3),
                row.integer(4)};
        }
    );
}

Result<TagId> TagStore::create(Transaction& tx, const Viewer& viewer, const NewTag& tag) {
    if (Status ok = check_name("group", tag.group); !ok) {
        return ok.error();
    }
    if (Status ok = check_name("name", tag.name); !ok) {
        return ok.error();
    }
    if (tag.order < 0 || tag.order > 0xFFFF'FFFFLL) {
        return Error{ErrorCode::rule_broken, "order: must be 0..4294967295", "order"};
    }
    const TagGroupId group = group_named(tx, services_.ids, viewer.corp, tag);
    if (taken(tx, viewer.corp, group, tag.name, {})) {
        return name_taken();
    }
    const auto id = services_.ids.next_as<TagId>();
    const bool wecom = tag.kind == TagKind::wecom;
    tx.execute(
        "INSERT INTO tag(id, corp_id, group_id, name, kind, wecom_id, sort, uses, sync, error, "
        "version, merged_into, "
        "deleted_ms) VALUES(?,?,?,?,?,'',?,0,?,'',1,0,0)",
        {id,
         viewer.corp,
         group,
         tag.name,
         tag.kind,
         tag.order,
         wecom ? TagSync::pending : TagSync::ready}
    );
    if (wecom) {
        put_job(tx, services_.jobs, viewer.corp, PushTag{id.value, "create", ""}, 0);
    }
    const std::string after = object_text({{"group", tag.group}, {"name", tag.name}});
    record_audit(
        tx, {services_.clock, services_.ids}, viewer, {"tag.create", "tag", id.value, {}, after}
    );
    tx.changed({viewer.corp, "tag", id.value, "created"});
    return id;
}

Status TagStore::rename(
    Transaction& tx,
    const Viewer& viewer,
    TagId id,
    std::string_view name,
    std::optional<std::int64_t> if_version
) {
    const auto old = find(tx, viewer, id);
    if (!old) {
        return no_tag();
    }
    if (if_version && *if_version != old->version) {
        return Error{ErrorCode::stale, "the tag was changed since it was read; read it again"};
    }
    if (Status ok = check_name("name", name); !ok) {
        return ok;
    }
    if (taken(tx, viewer.corp, old->group, name, id)) {
        return name_taken();
    }
    const bool wecom = old->kind == TagKind::wecom;
    tx.execute(
        "UPDATE tag SET name = ?, sync = ?, version = version + 1 WHERE corp_id = ? AND id = ?",
        {name, wecom ? TagSync::pending : TagSync::ready, viewer.corp, id}
    );
    if (wecom) {
        put_job(tx, services_.jobs, viewer.corp, PushTag{id.value, "update", old->wecom_id}, 0);
    }
    const std::string after = object_text({{"group", old->group_name}, {"name", name}});
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {"tag.rename", "tag", id.value, shown(*old), after}
    );
    tx.changed({viewer.corp, "tag", id.value, "updated"});
    return {};
}

Status TagStore::remove(Transaction& tx, const Viewer& viewer, TagId id) {
    const auto old = find(tx, viewer, id);
    if (!old) {
        return no_tag();
    }
    tx.execute(
        "UPDATE tag SET deleted_ms = ?, version = version + 1 WHERE corp_id = ? AND id = ?",
        {services_.clock.now(), viewer.corp, id}
    );
    if (old->kind == TagKind::wecom && !old->wecom_id.empty()) {
        put_job(tx, services_.jobs, viewer.corp, PushTag{id.value, "delete", old->wecom_id}, 0);
    }
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {"tag.remove", "tag", id.value, shown(*old), {}}
    );
    tx.changed({viewer.corp, "tag", id.value, "deleted"});
    settle(tx, viewer.corp);
    return {};
}

Status TagStore::merge(Transaction& tx, const Viewer& viewer, TagId from, TagId into) {
    const auto source = find(tx, viewer, from);
    const auto target = find(tx, viewer, into);
    if (!source || !target) {
        return no_tag();
    }
    if (from == into || source->kind != TagKind::internal || target->kind != TagKind::internal) {
        return Error{
            ErrorCode::rule_broken,
            "only an internal tag can be merged, and only into another internal tag",
            "tag_not_mergeable"};
    }
    tx.execute(
        "UPDATE tag SET deleted_ms = ?, merged_into = ?, version = version + 1 WHERE corp_id = ? "
        "AND id = ?",
        {services_.clock.now(), into, viewer.corp, from}
    );
    // A tag merged into `from` earlier and still moving goes on to `into`.
    tx.execute(
        "UPDATE tag SET merged_into = ? WHERE corp_id = ? AND merged_into = ?",
        {into, viewer.corp, from}
    );
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {"tag.merge", "tag", from.value, shown(*source), shown(*target)}
    );
    tx.changed({viewer.corp, "tag", from.value, "deleted"});
    settle(tx, viewer.corp);
    return {};
}

std::int64_t TagStore::settle(Transaction& tx, CorpId corp) {
    struct Left {
        ContactId contact;
        TagId tag;
        TagId into;
    };

    const auto rows = tx.all(
        // From the few tags: the other way round it reads what every contact carries.
        "SELECT ct.contact_id, ct.tag_id, t.merged_into FROM tag t CROSS JOIN contact_tag ct WHERE "
        "t.corp_id = ? AND t.deleted_ms > 0 AND ct.corp_id = t.corp_id AND ct.tag_id = t.id LIMIT "
        "?",
        {corp, slice},
        [](const Row& row) {
            return Left{row.id<ContactId>(0), row.id<TagId>(1), row.id<TagId>(2)};
        }
    );
    for (const Left& row : rows) {
        if (row.into && TagStore::find(tx, Viewer::daemon(corp), row.into)) {
            set_own_tag(tx, corp, row.contact, row.into);
        }
        tx.execute(
            "DELETE FROM contact_tag WHERE corp_id = ? AND contact_id = ? AND tag_id = ?",
            {corp, row.contact, row.tag}
        );
        tx.execute("UPDATE tag SET uses = uses - 1 WHERE corp_id = ? AND id = ?", {corp, row.tag});
        tx.changed({corp, "contact", row.contact.value, "tagged"});
    }
    return static_cast<std::int64_t>(rows.size());
}

}  // namespace leadbridge::crm
