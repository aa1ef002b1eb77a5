#include "crm/contacts/contact.h"

#include "crm/contacts/contact_rows.h"
#include "crm/staff/list_text.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {

const std::string_view contact_columns =
    "SELECT c.id, c.corp_id, c.ord, c.name, c.avatar, c.type, c.gender, c.position, c.company, "
    "c.owner, c.stage, "
    "c.last_ms, c.created_ms, c.version, c.merged_into FROM contact c";

Contact read_contact(const Row& row) {
    Contact c;
    c.id = row.id<ContactId>(0);
    c.corp = row.id<CorpId>(1);
    c.ord = row.integer(2);
    c.name = row.str(3);
    c.avatar = row.str(4);
    c.type = static_cast<int>(row.integer(5));
    c.gender = static_cast<int>(row.integer(6));
    c.position = row.str(7);
    c.company = row.str(8);
    c.owner = row.id<MemberId>(9);
    c.stage = row.str(10);
    c.last_ms = row.integer(11);
    c.created_ms = row.integer(12);
    c.version = row.integer(13);
    c.merged_into = row.id<ContactId>(14);
    return c;
}

namespace {

constexpr std::string_view follow_columns =
    "SELECT f.id, f.contact_id, f.member_id, m.userid, f.external_userid, f.live, f.half, "
    "f.added_ms, f.ended_ms, "
    "f.ended_by, f.remark, f.description, f.remark_company, f.remark_mobiles, f.add_way, f.state, "
    "f.channel_id, "
    "f.event_ms FROM follow f JOIN member m ON m.corp_id = f.corp_id AND m.id = f.member_id";

Follow read_follow(const Row& row) {
    Follow f;
    f.id = row.id<FollowId>(0);
    f.contact = row.id<ContactId>(1);
    f.member = row.id<MemberId>(2);
    f.userid = row.str(3);
    f.external_userid = row.str(4);
    f.live = row.flag(5);
    f.half = row.flag(6);
    f.added_ms = row.integer(7);
    f.ended_ms = row.integer(8);
    f.ended_by = static_cast<EndedBy>(row.integer(9));
    f.remark = row.str(10);
    f.description = row.str(11);
    f.remark_company = row.str(12);
    f.remark_mobiles = text_strings(row.text(13));
    f.add_way = static_cast<int>(row.integer(14));
    f.state = row.str(15);
    f.channel = row.id<ChannelId>(16);
    f.event_ms = row.integer(17);
    return f;
}

}  // namespace

std::optional<Contact> find_contact(Snapshot& s, const Viewer& viewer, ContactId id) {
    // A chain of merges is short; the bound only guards against a damaged row.
    for (int hop = 0; hop < 16; ++hop) {
        const auto into = s.one(
            "SELECT merged_into FROM contact WHERE corp_id = ? AND id = ?",
            {viewer.corp, id},
            [](const Row& row) { return row.id<ContactId>(0); }
        );
        if (!into) {
            return std::nullopt;
        }
        if (!*into) {
            break;
        }
        id = *into;
    }
    return Query(contact_columns)
        .where("c.corp_id = ? AND c.id = ?", {viewer.corp, id})
        .where(contact_clause(viewer, "c.id", "c.owner"))
        .one(s, read_contact);
}

ContactId find_contact_id(
    Snapshot& s, CorpId corp, IdentityKind kind, std::string_view normalised
) {
    return ContactId{s.number(
        "SELECT contact_id FROM identity WHERE corp_id = ? AND kind = ? AND value = ?",
        {corp, kind, normalised}
    )};
}

std::vector<ContactIdentity> identities_of(Snapshot& s, const Viewer& viewer, ContactId id) {
    const auto contact = find_contact(s, viewer, id);
    if (!contact) {
        return {};
    }
    return s.all(
        "SELECT kind, value, added_ms FROM identity WHERE corp_id = ? AND contact_id = ? ORDER BY "
        "kind, added_ms, value",
        {viewer.corp, contact->id},
        [](const Row& row) {
            return ContactIdentity{
                static_cast<IdentityKind>(row.integer(0)), row.str(1), row.integer(2)};
        }
    );
}

std::vector<Follow> follows_of(Snapshot& s, const Viewer& viewer, ContactId id) {
    const auto contact = find_contact(s, viewer, id);
    if (!contact) {
        return {};
    }
    return Query(follow_columns)
        .where("f.corp_id = ? AND f.contact_id = ?", {viewer.corp, contact->id})
        .then(" ORDER BY f.live DESC, f.added_ms, f.id")
        .all(s, read_follow);
}

std::vector<Note> notes_of(Snapshot& s, const Viewer& viewer, ContactId id, int limit) {
    const auto contact = find_contact(s, viewer, id);
    if (!contact) {
        return {};
    }
    return s.all(
        "SELECT id, at_ms, actor, body FROM note WHERE corp_id = ? AND contact_id = ? ORDER BY id "
        "DESC LIMIT ?",
        {viewer.corp, contact->id, limit},
        [](const Row& row) {
            return Note{row.integer(0), row.integer(1), row.str(2), row.str(3)};
        }
    );
}

std::optional<Follow> find_follow(
    Snapshot& s, CorpId corp, MemberId member, std::string_view external_userid
) {
    return Query(follow_columns)
        .where(
            "f.corp_id = ? AND f.external_userid = ? AND f.member_id = ?",
            {corp, external_userid, member}
        )
        .one(s, read_follow);
}

}  // namespace leadbridge::crm
