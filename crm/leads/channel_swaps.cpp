#include <algorithm>
#include <map>

#include "crm/leads/channel_serving.h"
#include "crm/outbox.h"
#include "crm/staff/audit.h"
#include "crm/staff/list_text.h"
#include "crm/staff/member.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {
namespace {

constexpr int kept_swaps = 500;

struct Swap {
    std::string userid;
    bool came_in = false;
    std::string why;
};

std::vector<Swap> swaps_between(
    const std::vector<std::string>& before,
    const std::vector<std::string>& after,
    const ServingQuestion& question,
    const Serving& plan
) {
    std::map<std::string, std::size_t> people;
    for (std::size_t i = 0; i < question.people.size(); ++i) {
        people.emplace(userid_key(question.people[i].userid), i);
    }
    const auto missing = [](const std::vector<std::string>& list, const std::string& userid) {
        return std::find(list.begin(), list.end(), userid) == list.end();
    };
    const auto why_out = [&](const std::string& userid) -> std::string {
        const auto at = people.find(userid_key(userid));
        if (at == people.end()) {
            return "removed";
        }
        const Duty duty = plan.duty[at->second];  // back on duty since the call: it was off then
        return std::string(to_string(duty == Duty::serves ? Duty::off_duty : duty));
    };
    std::vector<Swap> out;
    for (const std::string& userid : before) {
        if (missing(after, userid)) {
            out.push_back({userid, false, why_out(userid)});
        }
    }
    for (const std::string& userid : after) {
        if (missing(before, userid)) {
            const auto at = people.find(userid_key(userid));
            const bool backup = at != people.end() && question.people[at->second].backup;
            const bool kept = plan.by == ServedBy::kept;
            out.push_back({userid, true, backup ? "backup" : kept ? "kept" : "back"});
        }
    }
    return out;
}

void write_swaps(
    Transaction& tx,
    const CrmServices& services,
    const Channel& channel,
    const std::vector<Swap>& swaps,
    const std::vector<std::string>& users
) {
    for (const Swap& swap : swaps) {
        tx.execute(
            "INSERT INTO channel_swap(id, corp_id, channel_id, at_ms, userid, came_in, why) "
            "VALUES(?,?,?,?,?,?,?)",
            {services.ids.next(),
             channel.corp,
             channel.id,
             services.clock.now(),
             swap.userid,
             swap.came_in,
             swap.why}
        );
    }
    tx.execute(
        "DELETE FROM channel_swap WHERE corp_id = ? AND channel_id = ? AND id <= (SELECT id FROM "
        "channel_swap WHERE corp_id = ? AND channel_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        {channel.corp, channel.id, channel.corp, channel.id, kept_swaps}
    );
    const std::string before = object_text({{"serving", strings_text(channel.served)}});
    const std::string after = object_text({{"serving", strings_text(users)}});
    record_audit(
        tx,
        {services.clock, services.ids},
        Viewer::daemon(channel.corp),
        {"channel.serve", "channel", channel.id.value, before, after}
    );
}

// The next look: at an edge, when a refusal is over, and now and then where something may change
// without a sign.
UnixMillis next_look(
    const Channel& channel,
    const Serving& plan,
    const std::vector<RefusedMember>& refused,
    UnixMillis now
) {
    const bool watched =
        !channel.limits.empty() ||
        std::find(plan.duty.begin(), plan.duty.end(), Duty::inactive) != plan.duty.end();
    UnixMillis next = watched ? now + serving_recheck_ms : 0;
    const auto sooner = [&](UnixMillis at) {
        if (at > 0 && (next == 0 || at < next)) {
            next = at;
        }
    };
    sooner(plan.until);
    for (const RefusedMember& member : refused) {
        sooner(member.until_ms);
    }
    return next;
}

}  // namespace

void served(
    Transaction& tx,
    const CrmServices& services,
    const Channel& channel,
    const std::vector<std::string>& users,
    const std::vector<RefusedMember>& refused
) {
    Channel now = channel;
    now.refused = refused;
    now.served = users;
    const ServingQuestion question = serving_question(tx, now, services.clock.now());
    const Serving plan = who_serves(question);
    const std::string list = strings_text(users);
    const std::string refusals = refused_text(refused);
    tx.execute(
        "UPDATE channel SET served = ?, refused = CASE WHEN version = ? THEN ? ELSE refused END, "
        "serve_next_ms = ? WHERE corp_id = ? AND id = ?",
        {list,
         channel.version,  // an edit meanwhile gives everybody another chance
         refusals,
         next_look(now, plan, refused, services.clock.now()),
         channel.corp,
         channel.id}
    );
    const auto swaps = swaps_between(channel.served, users, question, plan);
    if (!channel.served.empty() && !swaps.empty()) {
        write_swaps(tx, services, channel, swaps, users);
        tx.changed({channel.corp, "channel", channel.id.value, "updated"});
    }
    if (plan.users != users) {  // it has changed meanwhile, or without a member WeCom refused
        put_job(
            tx,
            services.jobs,
            channel.corp,
            PushChannel{channel.id.value, "serve", channel.config_id},
            0
        );
    }
}

PageOf<ChannelSwap> list_swaps(Snapshot& s, const Viewer& viewer, ChannelId id, const Page& page) {
    Query query("SELECT w.id, w.at_ms, w.userid, w.came_in, w.why FROM channel_swap w");
    query.where("w.corp_id = ? AND w.channel_id = ?", {viewer.corp, id});
    return page_of(
        s,
        query,
        "w.id",
        page,
        [](const Row& row) {
            return ChannelSwap{row.integer(0), row.integer(1), row.str(2), row.flag(3), row.str(4)};
        },
        [](const ChannelSwap& swap) { return swap.id; }
    );
}

}  // namespace leadbridge::crm
