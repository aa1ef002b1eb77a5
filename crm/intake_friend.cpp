#include <algorithm>

#include "crm/contacts/tag.h"
#include "crm/follow_row.h"
#include "crm/intake_parts.h"
#include "crm/leads/channel_serving.h"
#include "crm/outbox.h"
#include "crm/staff/list_text.h"

namespace leadbridge::crm {
namespace {

constexpr std::int64_t same_add_ms = 60'000;  // two full adds so close are one
constexpr std::int64_t takeover_ms =
    24 * 3'600 * 1'000;  // between the add by the new member and the end with the old one

// Whether the add belongs to the friendship that the row holds already: half and full add of one
// friendship are one touch. Two full ones further apart are two, with an end between them that we
// have not seen (yet).
bool same_friendship(const FollowRow& row, const FriendAdded& body, UnixMillis at) {
    if (row.added_ms == 0) {
        return false;
    }
    const UnixMillis first = std::min(at, row.added_ms);
    const UnixMillis last = std::max(at, row.added_ms);
    if (row.ended_ms >= first && row.ended_ms < last) {
        return false;
    }
    const bool row_half = row.full_ms == 0 || row.full_ms < row.added_ms;
    return body.half || row_half || last - first <= same_add_ms;
}

// The member that handed the contact over, when this add is the second half of a transfer.
MemberId handed_over_by(Intake& in, const FollowRow& row) {
    for (const FollowRow& other : follow_rows(in.tx, in.corp(), row.contact)) {
        const std::int64_t gap =
            std::max(other.ended_ms, in.at()) - std::min(other.ended_ms, in.at());
        if (other.member != row.member && !other.live() && other.ended_ms > 0 &&
            other.ended_by == EndedBy::transferred && gap <= takeover_ms) {
            return other.member;
        }
    }
    return {};
}

void apply_add(FollowRow& row, const FriendAdded& body, const Origin& origin, UnixMillis at) {
    const bool newest = at >= row.added_ms;
    if ((newest && !body.state.empty()) || row.state.empty()) {
        row.state = body.state;
        row.channel = origin.channel ? origin.channel : row.channel;
    }
    row.added_ms = std::max(row.added_ms, at);
    if (!body.half) {
        row.full_ms = std::max(row.full_ms, at);
    }
    row.event_ms = std::max(row.event_ms, at);
}

Follow as_follow(const FollowRow& row, std::string_view userid) {
    Follow out;
    out.id = row.id;
    out.contact = row.contact;
    out.member = row.member;
    out.userid = userid;
    out.external_userid = row.external_userid;
    out.live = row.live();
    return out;
}

std::string added_detail(const FriendAdded& body, const Origin& origin) {
    return object_text(
        {{"source", origin.source.kind},
         {"state", body.state},
         {"half", body.half ? "true" : "false"},
         {"channel_id", origin.channel ? origin.channel.str() : ""}}
    );
}

struct LostWords {
    EndedBy by;
    std::string_view kind;
};

LostWords words_of(LostBy by) {
    switch (by) {
        case LostBy::member_deleted:
            return {EndedBy::member_deleted, "friend_deleted"};
        case LostBy::contact_deleted:
            return {EndedBy::contact_deleted, "friend_lost"};
        case LostBy::transferred:
            break;
    }
    return {EndedBy::transferred, "friend_transferred"};
}

}  // namespace

Status take(Intake& in, const FriendAdded& body) {
    const MemberId member = member_of(in, body.userid);
    if (!member) {
        return Error{ErrorCode::invalid, "a friend-add without a member"};
    }
    const Result<ContactId> contact = contact_of(in, body.external_userid);
    if (!contact) {
        return contact.error();
    }
    in.out.contact = *contact;
    FollowRow row =
        load_follow(in.tx, in.services.ids, in.corp(), *contact, member, body.external_userid);
    const Origin origin = origin_of(in, body.state, body.link_id);
    in.out.channel = origin.channel;
    const bool same = same_friendship(row, body, in.at());
    apply_add(row, body, origin, in.at());
    store_follow(in.tx, row);
    if (row.channel) {
        swap_when_full(in.tx, in.crm, in.corp(), row.channel, member);
    }

    const MemberId from = same ? MemberId{} : handed_over_by(in, row);
    if (from) {  // nobody asked for anything: the lead, if there is one, goes along
        hand_over_lead(in.tx, in.crm, in.corp(), *contact, from, member, in.at());
    } else {
        const AskingTouch asking{in.at(), origin.source, member, in.services.lead_idle_ms, !same};
        const LeadTouched lead = touch_lead(in.tx, in.crm, in.corp(), *contact, asking);
        in.out.lead = lead.lead;
        in.out.lead_opened = lead.opened;
    }
    if (!same) {
        tell(in, {*contact, member, "friend_added", added_detail(body, origin)});
    }
    // Marking a half friend may have been refused: the confirmation marks again.
    const Follow follow = as_follow(row, body.userid);
    add_tags(
        in.tx, in.crm, in.corp(), *contact, follow.live ? &follow : nullptr, origin.tags, in.at()
    );
    project_contact(in.tx, in.corp(), *contact);
    touch_contact(in.tx, in.corp(), *contact, in.at());
    put_job(in.tx, in.services.jobs, in.corp(), RefetchContact{body.external_userid, true}, 0);
    return {};
}

Status take(Intake& in, const FriendLost& body) {
    const MemberId member = member_of(in, body.userid);
    if (!member) {
        return Error{ErrorCode::invalid, "a lost friend without a member"};
    }
    const Result<ContactId> contact = contact_of(in, body.external_userid);
    if (!contact) {
        return contact.error();
    }
    in.out.contact = *contact;
    const LostWords words = words_of(body.by);
    FollowRow row =
        load_follow(in.tx, in.services.ids, in.corp(), *contact, member, body.external_userid);
    const bool was_live = row.live();
    if (in.at() >= row.ended_ms) {
        row.ended_ms = in.at();
        row.ended_by = words.by;
    }
    row.event_ms = std::max(row.event_ms, in.at());
    store_follow(in.tx, row);
    tell(in, {*contact, member, words.kind});
    if (was_live && !row.live() && words.by == EndedBy::transferred) {
        for (const FollowRow& other : follow_rows(in.tx, in.corp(), *contact)) {
            if (other.member != member && other.live() && other.added_ms >= in.at() - takeover_ms) {
                hand_over_lead(in.tx, in.crm, in.corp(), *contact, member, other.member, in.at());
                break;
            }
        }
    }
    project_contact(in.tx, in.corp(), *contact);
    touch_contact(in.tx, in.corp(), *contact, in.at());
    return {};
}

Status take(Intake& in, const ContactEdited& body) {
    const Result<ContactId> contact = contact_of(in, body.external_userid);
    if (!contact) {
        return contact.error();
    }
    in.out.contact = *contact;
    tell(in, {*contact, member_of(in, body.userid), "contact_edited"});
    put_job(in.tx, in.services.jobs, in.corp(), RefetchContact{body.external_userid, false}, 0);
    return {};
}

Status take(Intake& in, const ConsentGiven& body) {
    const Result<ContactId> contact = contact_of(in, body.external_userid);
    if (!contact) {
        return contact.error();
    }
    in.out.contact = *contact;
    const MemberId member = member_of(in, body.userid);
    in.tx.execute(
        "INSERT INTO consent(corp_id, contact_id, member_id, kind, at_ms) "
        "VALUES(?,?,?,'archive',?) "
        "ON CONFLICT(corp_id, contact_id, member_id, kind) DO UPDATE SET at_ms = CASE WHEN "
        "excluded.at_ms > consent.at_ms "
        "THEN excluded.at_ms ELSE consent.at_ms END",
        {in.corp(), *contact, member, in.at()}
    );
    tell(in, {*contact, member, "consent_given"});
    touch_contact(in.tx, in.corp(), *contact, in.at());
    return {};
}

Status take(Intake& in, const TransferFailed& body) {
    const Result<ContactId> contact = contact_of(in, body.external_userid);
    if (!contact) {
        return contact.error();
    }
    in.out.contact = *contact;
    tell(
        in,
        {*contact,
         member_of(in, body.userid),
         "transfer_failed",
         object_text({{"reason", body.reason}})}
    );
    return {};
}

}  // namespace leadbridge::crm
