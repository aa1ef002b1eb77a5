#include <algorithm>

#include "crm/leads/lead.h"
#include "crm/leads/lead_rows.h"
#include "crm/staff/list_text.h"
#include "crm/staff/member.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view first_stage = "contacted";

bool member_spoke_since(Snapshot& s, CorpId corp, ContactId contact, UnixMillis since) {
    return s.exists(
        "SELECT 1 FROM chat_summary WHERE corp_id = ? AND contact_id = ? AND last_member_ms >= ? "
        "AND from_member > 0 LIMIT 1",
        {corp, contact, since}
    );
}

// A member's word turns new into following, whichever of lead and chat we learn of first.
bool begin_following(Transaction& tx, LeadRow& lead) {
    if (lead.status != LeadStatus::fresh ||
        !member_spoke_since(tx, lead.corp, lead.contact, lead.opened_ms)) {
        return false;
    }
    lead.status = LeadStatus::following;
    lead.stage = first_stage;
    return true;
}

// Two touches of one second: the smaller userid counts as the earlier, so that the order of arrival
// does not decide.
bool before_owner(Snapshot& s, const LeadRow& lead, MemberId other) {
    if (!lead.owner || !other || lead.owner == other) {
        return false;
    }
    return userid_key(MemberStore::userid_of(s, lead.corp, other)) <
           userid_key(MemberStore::userid_of(s, lead.corp, lead.owner));
}

struct Touching {
    Transaction& tx;
    const CrmServices& services;
    CorpId corp;
    ContactId contact;
    const AskingTouch& touch;

    LeadTouched open(UnixMillis expired_ms) const {
        if (!touch.may_open) {
            return {};
        }
        LeadRow lead;
        lead.id = services.ids.next_as<LeadId>();
        lead.corp = corp;
        lead.contact = contact;
        lead.owner = touch.owner;
        lead.owner_auto = static_cast<bool>(touch.owner);
        lead.status = touch.owner ? LeadStatus::fresh : LeadStatus::unassigned;
        lead.first_source = touch.source;
        lead.last_source = touch.source;
        lead.opened_ms = lead.asked_ms = lead.last_ms = touch.at;
        const bool follows = begin_following(tx, lead);
        if (expired_ms != 0) {
            lead.status = LeadStatus::invalid;
            lead.reason = "expired";
            lead.closed_ms = expired_ms;
        }
        insert_lead(tx, lead);
        tell_lead(
            tx, services.ids, lead, {"lead_opened", touch.at, "", lead_source_text(touch.source)}
        );
        if (follows && is_open(lead.status)) {
            tell_lead(tx, services.ids, lead, {"lead_following", touch.at});
        }
        return {lead.id, true};
    }

    LeadTouched join(LeadRow lead) const {
        const bool tie =
            touch.at == lead.opened_ms && lead.owner_auto && before_owner(tx, lead, touch.owner);
        const bool earlier = touch.at < lead.opened_ms || tie;
        if (earlier) {
            lead.opened_ms = touch.at;
            lead.first_source = touch.source;
        }
        if (touch.at > lead.asked_ms || (touch.at == lead.asked_ms && !tie)) {
            lead.asked_ms = touch.at;
            lead.last_source = touch.source;
        }
        lead.last_ms = std::max(lead.last_ms, touch.at);
        const bool assigned = is_open(lead.status) && take_owner(lead, earlier);
        const bool follows = begin_following(tx, lead);
        store_lead(tx, lead);
        tell_lead(
            tx, services.ids, lead, {"lead_joined", touch.at, "", lead_source_text(touch.source)}
        );
        if (assigned) {
            tell_lead(tx, services.ids, lead, {"lead_assigned", touch.at});
        }
        if (follows) {
            tell_lead(tx, services.ids, lead, {"lead_following", touch.at});
        }
        return {lead.id, false};
    }

    bool take_owner(LeadRow& lead, bool earlier) const {
        const bool free = !lead.owner || (lead.owner_auto && earlier);
        if (!touch.owner || !free || lead.owner == touch.owner) {
            return false;
        }
        lead.owner = touch.owner;
        lead.owner_auto = true;
        if (lead.status == LeadStatus::unassigned) {
            lead.status = LeadStatus::fresh;
            lead.reason.clear();
        }
        return true;
    }

    void expire(LeadRow lead) const {
        lead.status = LeadStatus::invalid;
        lead.reason = "expired";
        lead.closed_ms = lead.last_ms + touch.idle_ms;
        store_lead(tx, lead);
        tell_lead(
            tx,
            services.ids,
            lead,
            {"lead_invalid", lead.closed_ms, "", object_text({{"reason", "expired"}})}
        );
    }
};

void close_linked(
    Transaction& tx, const CrmServices& services, LeadRow lead, LeadId kept, UnixMillis at
) {
    lead.status = LeadStatus::invalid;
    lead.reason = "merged";
    lead.closed_ms = at;
    lead.linked = kept;
    store_lead(tx, lead);
    tell_lead(
        tx,
        services.ids,
        lead,
        {"lead_invalid", at, "", object_text({{"reason", "merged"}, {"kept", kept.str()}})}
    );
}

}  // namespace

LeadTouched touch_lead(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    const AskingTouch& touch
) {
    const Touching touching{tx, services, corp, contact, touch};
    const std::vector<LeadRow> leads = leads_of(tx, corp, contact);
    for (const LeadRow& lead : leads) {
        const bool reaches_back = touch.at >= lead.opened_ms - touch.idle_ms;
        if (!reaches_back) {
            // Later leads begin even later: it was an enquiry of its own that has run out long
            // since.
            return touching.open(touch.at + touch.idle_ms);
        }
        if (!is_open(lead.status)) {
            if (touch.at <= lead.closed_ms) {
                return touching.join(lead);
            }
            continue;
        }
        if (touch.at <= lead.last_ms + touch.idle_ms) {
            return touching.join(lead);
        }
        if (touch.may_open) {
            touching.expire(lead);
        }
    }
    return touching.open(0);
}

void attribute_lead(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    UnixMillis added_ms,
    const LeadSource& source
) {
    for (LeadRow lead : leads_of(tx, corp, contact)) {
        const bool covers =
            lead.opened_ms <= added_ms && (lead.closed_ms == 0 || added_ms <= lead.closed_ms);
        if (!covers ||
            (lead.first_source.kind != "unattributed" && lead.last_source.kind != "unattributed")) {
            continue;
        }
        if (lead.first_source.kind == "unattributed" && lead.opened_ms == added_ms) {
            lead.first_source = source;
        }
        if (lead.last_source.kind == "unattributed" && lead.asked_ms == added_ms) {
            lead.last_source = source;
        }
        store_lead(tx, lead);
        tell_lead(tx, services.ids, lead, {"lead_joined", added_ms, "", lead_source_text(source)});
        return;
    }
}

void chat_on_lead(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    const ChatTouch& chat
) {
    auto lead = open_lead(tx, corp, contact);
    if (!lead || chat.last_ms < lead->opened_ms || chat.last_ms > lead->last_ms + chat.idle_ms) {
        return;
    }
    const bool later = chat.last_ms > lead->last_ms;
    lead->last_ms = std::max(lead->last_ms, chat.last_ms);
    const bool follows = chat.member_spoke && begin_following(tx, *lead);
    if (!follows) {
        if (later) {  // no edit of the lead: its version stays
            tx.execute(
                "UPDATE lead SET last_ms = ? WHERE corp_id = ? AND id = ?",
                {lead->last_ms, corp, lead->id}
            );
        }
        return;
    }
    store_lead(tx, *lead);
    tell_lead(tx, services.ids, *lead, {"lead_following", chat.last_ms});
}

void hand_over_lead(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    MemberId from,
    MemberId to,
    UnixMillis at
) {
    auto lead = open_lead(tx, corp, contact);
    if (!lead || lead->owner != from || !to || from == to) {
        return;
    }
    lead->owner = to;
    store_lead(tx, *lead);
    tell_lead(
        tx, services.ids, *lead, {"lead_assigned", at, "", object_text({{"reason", "transferred"}})}
    );
}

void merge_leads(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId from,
    ContactId into,
    UnixMillis at
) {
    auto mine = open_lead(tx, corp, from);
    auto other = open_lead(tx, corp, into);
    if (mine && other) {
        const bool mine_older = mine->opened_ms < other->opened_ms ||
                                (mine->opened_ms == other->opened_ms && mine->id < other->id);
        LeadRow& kept = mine_older ? *mine : *other;
        LeadRow& gone = mine_older ? *other : *mine;
        close_linked(tx, services, gone, kept.id, at);
        if (gone.asked_ms > kept.asked_ms) {
            kept.asked_ms = gone.asked_ms;
            kept.last_source = gone.last_source;
        }
        kept.last_ms = std::max(kept.last_ms, gone.last_ms);
        if (!kept.owner && gone.owner) {
            kept.owner = gone.owner;
            kept.owner_auto = gone.owner_auto;
            kept.status = gone.status;
            kept.stage = gone.stage;
        }
        store_lead(tx, kept);
    }
    tx.execute(
        "UPDATE lead SET contact_id = ? WHERE corp_id = ? AND contact_id = ?", {into, corp, from}
    );
    project_contact(tx, corp, into);
    project_contact(tx, corp, from);
}

}  // namespace leadbridge::crm
