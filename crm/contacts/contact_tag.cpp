#include <algorithm>
#include <map>

#include "crm/contacts/contact_tag_rows.h"
#include "crm/contacts/tag.h"
#include "crm/outbox.h"
#include "crm/staff/audit.h"
#include "crm/staff/list_text.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {
namespace {

struct TagRow {
    TagId id;
    TagKind kind = TagKind::internal;
    std::string wecom_id;
};

std::optional<TagRow> live_tag(Snapshot& s, CorpId corp, TagId id) {
    return s.one(
        "SELECT id, kind, wecom_id FROM tag WHERE corp_id = ? AND id = ? AND deleted_ms = 0",
        {corp, id},
        [](const Row& row) {
            return TagRow{row.id<TagId>(0), static_cast<TagKind>(row.integer(1)), row.str(2)};
        }
    );
}

std::vector<TagRow> rows_of(Snapshot& s, CorpId corp, ContactId contact) {
    return s.all(
        "SELECT t.id, t.kind, t.wecom_id FROM contact_tag ct JOIN tag t ON t.corp_id = ct.corp_id "
        "AND t.id = ct.tag_id "
        "WHERE ct.corp_id = ? AND ct.contact_id = ? AND t.deleted_ms = 0",
        {corp, contact},
        [](const Row& row) {
            return TagRow{row.id<TagId>(0), static_cast<TagKind>(row.integer(1)), row.str(2)};
        }
    );
}

// What must be told to WeCom, one call per friendship.
class Marks {
public:
    void add(const Follow& follow, const std::string& wecom_id) {
        of(follow).add_tags.push_back(wecom_id);
    }

    void remove(const Follow& follow, const std::string& wecom_id) {
        of(follow).remove_tags.push_back(wecom_id);
    }

    void send(Transaction& tx, const CrmServices& services, CorpId corp) const {
        for (const auto& [id, mark] : marks_) {
            put_job(tx, services.jobs, corp, mark, 0);
        }
    }

private:
    MarkTag& of(const Follow& follow) {
        MarkTag& mark = marks_[follow.id];
        mark.userid = follow.userid;
        mark.external_userid = follow.external_userid;
        return mark;
    }

    std::map<FollowId, MarkTag> marks_;
};

// One contact's tags being changed by people.
struct Edit {
    Transaction& tx;
    const CrmServices& services;
    const Viewer& viewer;
    ContactId contact;
    UnixMillis now;
    std::vector<Follow> follows;  // those the viewer may change
    Marks marks;
    std::vector<TagId> added;
    std::vector<TagId> removed;

    void add(const TagRow& tag) {
        bool carried = false;
        if (tag.kind == TagKind::wecom && !tag.wecom_id.empty()) {
            for (const Follow& follow : follows) {
                if (follow.live) {
                    mark_follow_tag(tx, viewer.corp, follow.id, tag.wecom_id, now);
                    marks.add(follow, tag.wecom_id);
                    carried = true;
                }
            }
        }
        const bool fresh =
            carried ? derive_tag(tx, viewer.corp, contact, tag.id, tag.wecom_id) == Derived::added
                    : set_own_tag(tx, viewer.corp, contact, tag.id);
        if (fresh) {
            added.push_back(tag.id);
        }
    }

    void remove(const TagRow& tag) {
        bool gone = clear_own_tag(tx, viewer.corp, contact, tag.id);
        if (tag.kind == TagKind::wecom && !tag.wecom_id.empty()) {
            for (const Follow& follow : follows) {
                unmark_follow_tag(tx, viewer.corp, follow.id, tag.wecom_id, now);
                if (follow.live) {
                    marks.remove(follow, tag.wecom_id);
                }
            }
            gone = derive_tag(tx, viewer.corp, contact, tag.id, tag.wecom_id) == Derived::removed ||
                   gone;
        }
        if (gone) {
            removed.push_back(tag.id);
        }
    }
};

}  // namespace

std::vector<Tag> tags_of(Snapshot& s, const Viewer& viewer, ContactId contact) {
    const auto visible = find_contact(s, viewer, contact);
    if (!visible) {
        return {};
    }
    const std::vector<TagRow> rows = rows_of(s, viewer.corp, visible->id);
    std::vector<Tag> out;
    for (const TagRow& row : rows) {
        if (auto tag = TagStore::find(s, viewer, row.id)) {
            out.push_back(std::move(*tag));
        }
    }
    return out;
}

Status put_tags(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId contact,
    const std::vector<TagId>& tags
) {
    const auto visible = find_contact(tx, viewer, contact);
    if (!visible) {
        return Error{ErrorCode::not_found, "there is no such contact"};
    }
    std::map<TagId, TagRow> wanted;
    for (const TagId id : tags) {
        const auto tag = live_tag(tx, viewer.corp, id);
        if (!tag) {
            return Error{ErrorCode::rule_broken, "tags: there is no tag " + id.str(), "tags"};
        }
        wanted.emplace(id, *tag);
    }
    std::vector<Follow> follows = follows_of(tx, viewer, visible->id);
    std::erase_if(follows, [&](const Follow& f) { return !sees_member(tx, viewer, f.member); });
    Edit edit{
        tx, services, viewer, visible->id, services.clock.now(), std::move(follows), {}, {}, {}};
    std::vector<std::int64_t> before;
    for (const TagRow& row : rows_of(tx, viewer.corp, visible->id)) {
        before.push_back(row.id.value);
        if (wanted.erase(row.id) == 0) {
            edit.remove(row);
        }
    }
    for (const auto& [id, row] : wanted) {
        edit.add(row);
    }
    edit.marks.send(tx, services, viewer.corp);
    note_tags(
        tx, services.ids, viewer.corp, visible->id, "tagged", edit.added, viewer.actor, edit.now
    );
    note_tags(
        tx, services.ids, viewer.corp, visible->id, "untagged", edit.removed, viewer.actor, edit.now
    );
    std::vector<std::int64_t> after;
    for (const TagId id : tags) {
        after.push_back(id.value);
    }
    record_audit(
        tx,
        {services.clock, services.ids},
        viewer,
        {"contact.tags", "contact", visible->id.value, ids_text(before), ids_text(after)}
    );
    return {};
}

std::vector<TagId> add_tags(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    const Follow* follow,
    const std::vector<TagId>& tags,
    UnixMillis at
) {
    std::vector<TagId> added;
    Marks marks;
    for (const TagId id : tags) {
        const auto tag = live_tag(tx, corp, id);
        if (!tag) {
            continue;
        }
        bool fresh = false;
        if (follow != nullptr && tag->kind == TagKind::wecom && !tag->wecom_id.empty()) {
            mark_follow_tag(tx, corp, follow->id, tag->wecom_id, services.clock.now());
            marks.add(*follow, tag->wecom_id);
            fresh = derive_tag(tx, corp, contact, id, tag->wecom_id) == Derived::added;
        } else {
            fresh = set_own_tag(tx, corp, contact, id);
        }
        if (fresh) {
            added.push_back(id);
        }
    }
    marks.send(tx, services, corp);
    note_tags(tx, services.ids, corp, contact, "tagged", added, "", at);
    return added;
}

}  // namespace leadbridge::crm
