// Contacts with what belongs to them - identities, friendships, tags, a lead, the timeline, the
// sums of their chats - each written by the function that intake uses for it.

#include <fmt/format.h>

#include <algorithm>

#include "base/job_queue.h"
#include "base/rng.h"
#include "crm/contacts/chat_summary.h"
#include "crm/contacts/contact_tag_rows.h"
#include "crm/contacts/timeline.h"
#include "crm/follow_row.h"
#include "crm/leads/lead_rows.h"
#include "crm/staff/list_text.h"
#include "tests/bench/console_load.h"

namespace leadbridge::bench {

namespace {

constexpr std::int64_t per_transaction = 50'000;
constexpr std::int64_t long_story_every = 5'000;
constexpr std::int64_t long_story = 300;

enum Purpose : std::uint8_t {
    gone = 31,
    second_friend,
    by_channel,
    which_channel,
    has_lead,
    lead_state,
    is_quoted,
    gender
};

struct Person {
    std::int64_t k = 0;
    crm::ContactId id;
    UnixMillis at = 0;
    UnixMillis last = 0;
    std::int64_t member = 0;  // 0..members-1
    crm::ChannelId channel;
    std::string state;
    std::string external;
    const Chat* chat = nullptr;  // null: never spoke
};

class People {
public:
    People(Load& load, const crm::CrmServices& services, Transaction& tx)
        : load_(load), services_(services), tx_(tx) {}

    void add(std::int64_t k) {
        Person p = person(k);
        p.id = crm::create_contact(tx_, services_, load_.corp, Plan::name(k), p.at);
        tx_.execute(
            "UPDATE contact SET type = 1, gender = ?, company = ?, last_ms = ?, fetched_ms = ? "
            "WHERE corp_id = ? AND id = ?",
            {Plan::pick(k, gender, 3), Plan::company(k), p.last, p.at, load_.corp, p.id}
        );
        add_identity(p, crm::IdentityKind::external_userid, p.external);
        if (const std::string phone = Plan::phone(k); !phone.empty()) {
            add_identity(p, crm::IdentityKind::phone, phone);
        }
        const crm::FollowId follow = add_follows(p);
        tell(p, p.at, "friend_added", crm::object_text({{"state", p.state}, {"half", "false"}}));
        add_tags(p, follow);
        add_lead(p);
        add_chat(p);
    }

private:
    crm::MemberId member(std::int64_t m) const {
        return crm::MemberId{load_.member_ids[static_cast<std::size_t>(m % members)]};
    }

    Person person(std::int64_t k) {
        Person p;
        p.k = k;
        p.at = load_.plan.came(k);
        load_.clock.at(p.at);
        p.member = Plan::member_of(k);
        p.external = Plan::external_userid(k);
        if (Plan::pick(k, by_channel, 10) < 7) {
            const std::int64_t c = Plan::pick(k, which_channel, channels);
            p.channel = crm::ChannelId{load_.channel_ids[static_cast<std::size_t>(c)]};
            p.state = fmt::format("b{}", c);
        }
        const Chat& chat = load_.chats[static_cast<std::size_t>(k)];
        p.chat = chat.conversation != 0 ? &chat : nullptr;
        p.last = std::max(p.at, chat.last);
        return p;
    }

    void add_identity(const Person& p, crm::IdentityKind kind, const std::string& value) {
        if (!crm::add_identity(tx_, load_.corp, p.id, {kind, value}, p.at)) {
            throw DatabaseError("two contacts with the identity " + value);
        }
    }

    crm::FollowRow follow(const Person& p, std::int64_t m) const {
        crm::FollowRow row;
        row.id = load_.ids.next_as<crm::FollowId>();
        row.corp = load_.corp;
        row.contact = p.id;
        row.member = member(m);
        row.external_userid = p.external;
        row.added_ms = row.full_ms = row.event_ms = row.fetched_ms = p.at;
        row.add_way = 1;
        row.remark = Plan::remark(p.k);
        return row;
    }

    crm::FollowId add_follows(const Person& p) {
        crm::FollowRow first = follow(p, p.member);
        first.state = p.state;
        first.channel = p.channel;
        if (Plan::pick(p.k, gone, 20) == 0) {
            first.ended_ms = p.at;
            first.ended_by = crm::EndedBy::contact_deleted;
        }
        crm::store_follow(tx_, first);
        if (Plan::pick(p.k, second_friend, 5) == 0) {
            crm::store_follow(tx_, follow(p, p.member + 1));
        }
        return first.id;
    }

    void add_tags(const Person& p, crm::FollowId follow) {
        std::vector<crm::TagId> tags;
        for (const std::int64_t t : Plan::tags(p.k)) {
            const crm::TagId tag{load_.tag_ids[static_cast<std::size_t>(t)]};
            tags.push_back(tag);
            if (t >= wecom_tags) {
                crm::set_own_tag(tx_, load_.corp, p.id, tag);
                continue;
            }
            crm::mark_follow_tag(tx_, load_.corp, follow, tag_wecom_id(t), 0);
            crm::derive_tag(tx_, load_.corp, p.id, tag, tag_wecom_id(t));
        }
        crm::note_tags(tx_, load_.ids, load_.corp, p.id, "tagged", tags, "", p.at);
    }

    void add_lead(const Person& p) {
        using enum crm::LeadStatus;
        if (Plan::pick(p.k, has_lead, 5) == 0) {
            crm::project_contact(tx_, load_.corp, p.id);
            return;
        }
        const std::int64_t drawn = Plan::pick(p.k, lead_state, 20);
        crm::LeadRow lead;
        lead.id = load_.ids.next_as<crm::LeadId>();
        lead.corp = load_.corp;
        lead.contact = p.id;
        lead.status = drawn < 1    ? unassigned
                      : drawn < 5  ? fresh
                      : drawn < 12 ? following
                      : drawn < 17 ? converted
                                   : invalid;
        lead.owner = lead.status == unassigned ? crm::MemberId{} : member(p.member);
        lead.owner_auto = true;
        lead.stage = lead.status == following && Plan::pick(p.k, is_quoted, 2) == 0 ? "quoted" : "";
        lead.first_source = {p.channel ? "channel" : "unattributed", p.channel, 0, p.state};
        lead.last_source = lead.first_source;
        lead.opened_ms = lead.asked_ms = p.at;
        lead.last_ms = p.last;
        lead.closed_ms = lead.status > following ? p.last : 0;
        crm::insert_lead(tx_, lead);
        const std::string detail = crm::lead_source_text(lead.first_source);
        crm::tell_lead(tx_, load_.ids, lead, {"lead_opened", p.at, {}, detail});
    }

    void add_chat(const Person& p) {
        for (std::int64_t d = 1; p.k % long_story_every == 0 && d <= long_story; ++d) {
            add_day(p, p.at + d * day_ms);
        }
        if (p.chat == nullptr) {
            return;
        }
        const Chat& c = *p.chat;
        crm::MessagesSeen seen;
        seen.conversation = std::to_string(c.conversation);
        seen.from_contact = static_cast<int>(c.from_contact);
        seen.from_member = static_cast<int>(c.from_member);
        seen.first_ms = c.first;
        seen.last_ms = c.last;
        seen.last_msgid = fmt::format("bench{:012}", c.last_message);
        seen.last_from_contact = c.last_from_contact;
        crm::add_to_summary(tx_, load_.corp, p.id, member(p.member), seen);
        add_day(p, c.last);
    }

    void add_day(const Person& p, UnixMillis at) {
        if (at <= load_.plan.now()) {
            const std::string ref = fmt::format("chat:{}:{}", member(p.member).str(), at / day_ms);
            tell(p, at, "messages_seen", R"({"from_contact":2,"from_member":3,"signals":[]})", ref);
        }
    }

    void tell(
        const Person& p,
        UnixMillis at,
        std::string_view kind,
        const std::string& detail,
        const std::string& ref = {}
    ) {
        crm::NewTimelineEvent event{load_.corp, p.id, {}, member(p.member), at, kind, detail};
        event.ref = ref;
        crm::add_event(tx_, load_.ids, event);
    }

    Load& load_;
    const crm::CrmServices& services_;
    Transaction& tx_;
};

}  // namespace

void load_people(Load& load) {
    SystemRng rng;
    JobQueue jobs(load.core, load.clock, load.ids, rng);
    const crm::CrmServices services{load.clock, load.ids, jobs};
    IndexesAside aside(
        load.core,
        {"contact",
         "identity",
         "follow",
         "follow_tag",
         "contact_tag",
         "lead",
         "timeline",
         "chat_summary"},
        // The functions look into them, or a contact's rows follow those of the one before.
        {"contact_by_ord", "follow_contact", "lead_open", "lead_contact", "timeline_ref"}
    );
    for (std::int64_t from = 0; from < load.plan.contacts(); from += per_transaction) {
        const std::int64_t to = std::min(load.plan.contacts(), from + per_transaction);
        write(load.core, [&](Transaction& tx) {
            People people(load, services, tx);
            for (std::int64_t k = from; k < to; ++k) {
                people.add(k);
            }
        });
        trim_log(load.core);
        fmt::print(stderr, "\r{} contacts", to);
    }
    aside.restore();
    fmt::print(stderr, "\n");
}

}  // namespace leadbridge::bench
