#include "crm/leads/channel_serving.h"

#include <set>
#include <tuple>

#include "base/json.h"
#include "base/time_zone.h"
#include "crm/outbox.h"
#include "crm/staff/member.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {
namespace {

constexpr int due_at_once = 200;
constexpr std::int64_t look_again_ms = 60'000;  // when a job that was put did not come to its end

std::string zone_of(Snapshot& s, CorpId corp) {
    return s
        .one(
            "SELECT time_zone FROM corp WHERE id = ?",
            {corp},
            [](const Row& row) { return row.str(0); }
        )
        .value_or("Asia/Shanghai");
}

struct Found {
    MemberId id;
    MemberStatus status = MemberStatus::unknown;
};

Found find_server(Snapshot& s, CorpId corp, std::string_view userid) {
    const std::string key = userid_key(userid);
    return s
        .one(
            "SELECT id, status FROM member WHERE corp_id = ? AND user_key = ?",
            {corp, key},
            [](const Row& row) {
                return Found{row.id<MemberId>(0), static_cast<MemberStatus>(row.integer(1))};
            }
        )
        .value_or(Found{});
}

std::int64_t adds_since(
    Snapshot& s, CorpId corp, ChannelId channel, MemberId member, UnixMillis since
) {
    return s.number(
        "SELECT COUNT(*) FROM follow WHERE corp_id = ? AND channel_id = ? AND member_id = ? AND "
        "added_ms >= ?",
        {corp, channel, member, since}
    );
}

bool serves(MemberStatus status) {
    return status == MemberStatus::unknown || status == MemberStatus::active;
}

const MemberLimit* limit_of(const ChannelLimits& limits, std::string_view userid) {
    const std::string key = userid_key(userid);
    for (const MemberLimit& limit : limits.members) {
        if (userid_key(limit.userid) == key) {
            return &limit;
        }
    }
    return nullptr;
}

}  // namespace

std::string refused_text(const std::vector<RefusedMember>& refused) {
    json::array out;
    for (const RefusedMember& member : refused) {
        out.push_back(json::object{
            {"userid", member.userid}, {"reason", member.reason}, {"until", member.until_ms}});
    }
    return out.empty() ? std::string() : to_text(out);
}

std::vector<RefusedMember> read_refused(std::string_view text) {
    std::vector<RefusedMember> out;
    const auto value = parse_json(text.empty() ? "[]" : text);
    if (!value || !value->is_array()) {
        return out;
    }
    for (const json::value& item : value->get_array()) {
        if (const json::object* object = item.if_object()) {
            out.push_back(
                {json_string(*object, "userid"),
                 json_string(*object, "reason"),
                 json_int(*object, "until")}
            );
        }
    }
    return out;
}

ServingQuestion serving_question(Snapshot& s, const Channel& channel, UnixMillis now) {
    ServingQuestion out;
    out.told = channel.served;
    out.zone = zone_of(s, channel.corp);
    out.now = now;
    const UnixMillis today = local_day_start(now, out.zone);
    std::set<std::string> refused;
    for (const RefusedMember& member : channel.refused) {
        if (member.until_ms > now) {
            refused.insert(userid_key(member.userid));
        }
    }
    const auto add = [&](const std::string& userid, bool backup) {
        const Found found = find_server(s, channel.corp, userid);
        Server server;
        server.userid = userid;
        server.backup = backup;
        server.active = serves(found.status);
        server.refused = refused.contains(userid_key(userid));
        server.adds_today = found.id ? adds_since(s, channel.corp, channel.id, found.id, today) : 0;
        if (const MemberLimit* limit = limit_of(channel.limits, userid); limit && !backup) {
            server.daily_cap = limit->daily_cap;
            server.rota = limit->rota;
        }
        out.people.push_back(std::move(server));
    };
    for (const std::string& userid : channel.members) {
        add(userid, false);
    }
    for (const std::string& userid : channel.limits.backups) {
        add(userid, true);
    }
    return out;
}

void hide_adds(Snapshot& s, const Viewer& viewer, ServingQuestion& question) {
    for (Server& person : question.people) {
        const MemberId member = MemberStore::find_userid(s, viewer.corp, person.userid);
        if (viewer.scope != Scope::all && !sees_member(s, viewer, member)) {
            person.adds_today = -1;
        }
    }
}

void swap_when_full(
    Transaction& tx, const CrmServices& services, CorpId corp, ChannelId id, MemberId member
) {
    const auto channel = ChannelStore::find(tx, Viewer::daemon(corp), id);
    if (!channel || channel->limits.members.empty()) {
        return;
    }
    const MemberLimit* limit = limit_of(channel->limits, MemberStore::userid_of(tx, corp, member));
    if (limit == nullptr || limit->daily_cap == 0) {
        return;
    }
    const UnixMillis today = local_day_start(services.clock.now(), zone_of(tx, corp));
    if (adds_since(tx, corp, id, member, today) >= limit->daily_cap) {
        put_job(tx, services.jobs, corp, PushChannel{id.value, "serve", channel->config_id}, 0);
    }
}

bool servings_due(Snapshot& s, CorpId corp, UnixMillis now) {
    return s.exists(
        "SELECT 1 FROM channel WHERE corp_id = ? AND serve_next_ms > 0 AND serve_next_ms <= ?",
        {corp, now}
    );
}

std::int64_t put_due_servings(Transaction& tx, const CrmServices& services, CorpId corp) {
    const UnixMillis now = services.clock.now();
    const auto due = tx.all(
        "SELECT id, config_id, removed_ms FROM channel WHERE corp_id = ? AND serve_next_ms > 0 AND "
        "serve_next_ms <= ? ORDER BY serve_next_ms LIMIT ?",
        {corp, now, due_at_once},
        [](const Row& row) {
            return std::tuple{row.id<ChannelId>(0), row.str(1), row.integer(2)};
        }
    );
    for (const auto& [id, config_id, removed] : due) {
        tx.execute(
            "UPDATE channel SET serve_next_ms = ? WHERE corp_id = ? AND id = ?",
            {removed > 0 ? 0 : now + look_again_ms, corp, id}
        );
        if (removed == 0) {
            put_job(tx, services.jobs, corp, PushChannel{id.value, "serve", config_id}, 0);
        }
    }
    return static_cast<std::int64_t>(due.size());
}

}  // namespace leadbridge::crm
