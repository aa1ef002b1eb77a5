#include <algorithm>
#include <set>

#include "crm/contacts/contact_text.h"
#include "crm/contacts/tag.h"
#include "crm/follow_row.h"
#include "crm/intake_parts.h"
#include "crm/staff/list_text.h"

namespace leadbridge::crm {
namespace {

// WeCom may deny a friendship for a moment after it began (84061): a denial counts only after this.
constexpr std::int64_t settling_ms = 120'000;

// What the fetch says of the person. Fields that a person or a form has set stay; an older fetch
// changes nothing.
void update_person(Intake& in, ContactId contact, const ContactFetched& body) {
    const std::int64_t changed = in.tx.execute(
        "UPDATE contact SET "
        "name = CASE WHEN (edited & 1) = 0 AND ? <> '' THEN ? ELSE name END, "
        "position = CASE WHEN (edited & 2) = 0 AND ? <> '' THEN ? ELSE position END, "
        "company = CASE WHEN (edited & 4) = 0 AND ? <> '' THEN ? ELSE company END, "
        "gender = CASE WHEN (edited & 8) = 0 AND ? <> 0 THEN ? ELSE gender END, "
        "avatar = CASE WHEN ? <> '' THEN ? ELSE avatar END, "
        "type = CASE WHEN ? <> 0 THEN ? ELSE type END, "
        "fetched_ms = ? WHERE corp_id = ? AND id = ? AND fetched_ms <= ?",
        {body.name,
         body.name,
         body.position,
         body.position,
         body.corp_name,
         body.corp_name,
         body.gender,
         body.gender,
         body.avatar,
         body.avatar,
         body.type,
         body.type,
         in.at(),
         in.corp(),
         contact,
         in.at()}
    );
    if (changed > 0) {
        index_contact(in.tx, in.corp(), contact);
        in.tx.changed({in.corp(), "contact", contact.value, "updated"});
    }
}

// Takes the identity, or finds that another contact is the same person and makes them one. A friend
// of ours under another external_userid is never taken for this one: a phone number may belong to a
// household.
ContactId prove(
    Intake& in, ContactId contact, std::string_view external_userid, const Identity& raw
) {
    const Result<Identity> id = normalise(raw);
    if (!id) {
        return contact;
    }
    const ContactId holder = find_contact_id(in.tx, in.corp(), id->kind, id->value);
    if (!holder) {
        add_identity(in.tx, in.corp(), contact, *id, in.at());
    } else if (holder != contact && !is_another_friend(in, holder, external_userid)) {
        return join_contacts(in, contact, holder);
    }
    return contact;
}

ContactId prove_all(Intake& in, ContactId contact, const ContactFetched& body) {
    contact = prove(in, contact, body.external_userid, {IdentityKind::unionid, body.unionid});
    for (const FollowFact& fact : body.follows) {
        for (const std::string& mobile : fact.remark_mobiles) {
            contact = prove(in, contact, body.external_userid, {IdentityKind::phone, mobile});
        }
    }
    return contact;
}

// The corp was connected before the friendship began, so its event should have come and did not.
bool event_was_missed(Intake& in, UnixMillis created_ms) {
    const std::int64_t connected =
        in.tx.number("SELECT created_ms FROM corp WHERE id = ?", {in.corp()});
    constexpr UnixMillis second = 1'000;  // as WeCom gives it
    return connected > 0 && created_ms >= connected - connected % second;
}

Follow as_follow(const FollowRow& row, const FollowFact& fact) {
    Follow out;
    out.id = row.id;
    out.contact = row.contact;
    out.member = row.member;
    out.userid = fact.userid;
    out.external_userid = row.external_userid;
    out.live = row.live();
    return out;
}

void copy_fields(FollowRow& row, const FollowFact& fact, UnixMillis at) {
    row.remark = fact.remark;
    row.description = fact.description;
    row.remark_company = fact.remark_corp_name;
    row.remark_mobiles = strings_text(fact.remark_mobiles);
    row.add_way = fact.add_way;
    row.fetched_ms = at;
    row.event_ms = std::max(row.event_ms, at);
    if (!fact.state.empty() && row.state.empty()) {
        row.state = fact.state;
    }
    // Only confirmed friendships are shown. createtime may be a second off the event's time.
    if (fact.created_ms > row.ended_ms) {
        row.added_ms = std::max(row.added_ms, fact.created_ms);
        row.full_ms = std::max(row.full_ms, fact.created_ms);
    }
}

void missed_add(Intake& in, const FollowRow& row, const FollowFact& fact, const Origin& origin) {
    const AskingTouch asking{
        fact.created_ms, origin.source, row.member, in.services.lead_idle_ms, true};
    const LeadTouched lead = touch_lead(in.tx, in.crm, in.corp(), row.contact, asking);
    in.out.lead = lead.lead;
    in.out.lead_opened = in.out.lead_opened || lead.opened;
    const Follow follow = as_follow(row, fact);
    add_tags(in.tx, in.crm, in.corp(), row.contact, &follow, origin.tags, in.at());
    tell(
        in,
        {row.contact,
         row.member,
         "friend_added",
         object_text({{"source", origin.source.kind}, {"found", "by sync"}})}
    );
}

void take_follow(
    Intake& in, ContactId contact, const ContactFetched& body, const FollowFact& fact
) {
    const MemberId member = member_of(in, fact.userid);
    if (!member) {
        return;
    }
    FollowRow row =
        load_follow(in.tx, in.services.ids, in.corp(), contact, member, body.external_userid);
    if (in.at() < row.fetched_ms) {
        return;
    }
    const bool was_live = row.live();
    const UnixMillis event_added = row.added_ms;
    const bool had_channel = static_cast<bool>(row.channel);
    copy_fields(row, fact, in.at());
    const Origin origin = origin_of(in, fact.state, "");
    if (!had_channel) {
        row.channel = origin.channel;
    }
    store_follow(in.tx, row);
    if (!was_live && row.live() && event_was_missed(in, fact.created_ms)) {
        missed_add(in, row, fact, origin);
    } else if (was_live && !had_channel && origin.channel) {
        // The event carried no state, or another one than was configured; this one is ours.
        attribute_lead(in.tx, in.crm, in.corp(), contact, event_added, origin.source);
        const Follow follow = as_follow(row, fact);
        add_tags(in.tx, in.crm, in.corp(), contact, &follow, origin.tags, in.at());
    }
    receive_follow_tags(
        in.tx, in.crm, in.corp(), contact, row.id, fact.tag_ids, fact.personal_tags, in.at()
    );
}

void end_follow(Intake& in, FollowRow row) {
    row.ended_ms = in.at();
    row.ended_by = EndedBy::gone;
    row.event_ms = std::max(row.event_ms, in.at());
    store_follow(in.tx, row);
    tell(in, {row.contact, row.member, "friend_gone"});
}

// Half friendships are never shown, and very young ones not at once.
bool may_be_denied(const FollowRow& row, UnixMillis at) {
    return row.live() && !row.half() && row.added_ms < at - settling_ms;
}

}  // namespace

Status take(Intake& in, const ContactFetched& body) {
    Result<ContactId> found = contact_of(in, body.external_userid);
    if (!found) {
        return found.error();
    }
    const ContactId contact = prove_all(in, *found, body);
    in.out.contact = contact;
    update_person(in, contact, body);
    std::set<MemberId> named;
    for (const FollowFact& fact : body.follows) {
        take_follow(in, contact, body, fact);
        named.insert(member_of(in, fact.userid));
    }
    if (body.whole) {
        for (const FollowRow& row : follow_rows(in.tx, in.corp(), body.external_userid)) {
            if (!named.contains(row.member) && may_be_denied(row, in.at())) {
                end_follow(in, row);
            }
        }
    }
    project_contact(in.tx, in.corp(), contact);
    return {};
}

Status take(Intake& in, const FollowGone& body) {
    const Result<Identity> id = normalise({IdentityKind::external_userid, body.external_userid});
    if (!id) {
        return id.error();
    }
    const ContactId contact = find_contact_id(in.tx, in.corp(), id->kind, id->value);
    if (!contact) {
        return {};
    }
    in.out.contact = contact;
    const MemberId member = body.userid.empty() ? MemberId{} : member_of(in, body.userid);
    for (const FollowRow& row : follow_rows(in.tx, in.corp(), id->value)) {
        if ((!member || row.member == member) && may_be_denied(row, in.at())) {
            end_follow(in, row);
        }
    }
    project_contact(in.tx, in.corp(), contact);
    return {};
}

}  // namespace leadbridge::crm
