#include "crm/leads/channel_limits.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/utf8.h"
#include "crm/staff/member.h"

namespace leadbridge::crm {
namespace {

constexpr std::size_t max_people = 100;
constexpr std::size_t max_slots = 42;
constexpr std::size_t max_slots_in_all = 1'400;
constexpr int max_cap = 10'000;
constexpr int day_minutes = 1'440;

Error bad(std::string_view field, std::string_view why) {
    const std::string name = "limits." + std::string(field);
    return Error{ErrorCode::invalid, name + ": " + std::string(why), name};
}

Error broken(std::string_view why) {
    return Error{ErrorCode::rule_broken, "limits: " + std::string(why), "limits"};
}

// Whether the object has no other keys.
bool only(const json::object& object, std::initializer_list<std::string_view> keys) {
    return std::all_of(object.begin(), object.end(), [&](const auto& entry) {
        return std::find(keys.begin(), keys.end(), std::string_view(entry.key())) != keys.end();
    });
}

std::optional<int> whole(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_int64() || value->as_int64() < 0 ||
        value->as_int64() > 1'000'000) {
        return std::nullopt;
    }
    return static_cast<int>(value->as_int64());
}

Result<std::vector<RotaSlot>> read_rota(const json::value& value) {
    std::vector<RotaSlot> out;
    if (!value.is_array()) {
        return bad("members.rota", "must be a list");
    }
    for (const json::value& item : value.get_array()) {
        const json::object* slot = item.if_object();
        if (slot == nullptr || !only(*slot, {"weekday", "from", "to"})) {
            return bad("members.rota", "must hold weekday, from and to");
        }
        const auto weekday = whole(*slot, "weekday");
        const auto from = whole(*slot, "from");
        const auto to = whole(*slot, "to");
        if (!weekday || !from || !to) {
            return bad("members.rota", "weekday, from and to must be numbers");
        }
        out.push_back({*weekday, *from, *to});
    }
    return out;
}

Result<MemberLimit> read_member(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr || !only(*object, {"userid", "daily_cap", "rota"})) {
        return bad("members", "must hold userid, daily_cap and rota");
    }
    MemberLimit out;
    out.userid = json_string(*object, "userid");
    if (const json::value* cap = object->if_contains("daily_cap");
        cap != nullptr && !cap->is_null()) {
        const auto number = whole(*object, "daily_cap");
        if (!number || *number < 1) {
            return bad("members.daily_cap", "must be a number from 1, or null");
        }
        out.daily_cap = *number;
    }
    if (const json::value* rota = object->if_contains("rota")) {
        auto slots = read_rota(*rota);
        if (!slots) {
            return std::move(slots).error();
        }
        out.rota = std::move(*slots);
    }
    return out;
}

bool well_made(const RotaSlot& slot) {
    return slot.weekday >= 1 && slot.weekday <= 7 && slot.from >= 0 && slot.from < day_minutes &&
           slot.to >= 1 && slot.to <= day_minutes && slot.from != slot.to;
}

Status check_member(const MemberLimit& limit, std::size_t& slots) {
    if (limit.daily_cap < 0 || limit.daily_cap > max_cap) {
        return broken("a daily cap must be 1..10,000");
    }
    slots += limit.rota.size();
    if (limit.rota.size() > max_slots || slots > max_slots_in_all) {
        return broken("a rota holds at most 42 slots a member and 1,400 in all");
    }
    if (!std::all_of(limit.rota.begin(), limit.rota.end(), well_made)) {
        return broken("a slot needs a weekday 1..7 and two different times of the day");
    }
    return {};
}

}  // namespace

std::string encode_limits(const ChannelLimits& limits) {
    json::array members;
    for (const MemberLimit& limit : limits.members) {
        json::array rota;
        for (const RotaSlot& slot : limit.rota) {
            rota.push_back(json::object{
                {"weekday", slot.weekday}, {"from", slot.from}, {"to", slot.to}});
        }
        json::object member{{"userid", limit.userid}};
        member["daily_cap"] = limit.daily_cap > 0 ? json::value(limit.daily_cap) : nullptr;
        member["rota"] = std::move(rota);
        members.push_back(std::move(member));
    }
    return to_text(json::object{
        {"members", std::move(members)},
        {"backups", json::array(limits.backups.begin(), limits.backups.end())}});
}

Result<ChannelLimits> decode_limits(std::string_view text) {
    ChannelLimits out;
    auto value = parse_json(text.empty() ? "null" : text);
    if (!value) {
        return std::move(value).error();
    }
    if (value->is_null()) {
        return out;
    }
    const json::object* object = value->if_object();
    if (object == nullptr || !only(*object, {"members", "backups"})) {
        return Error{ErrorCode::invalid, "limits: must hold members and backups", "limits"};
    }
    if (const json::value* members = object->if_contains("members")) {
        if (!members->is_array()) {
            return bad("members", "must be a list");
        }
        for (const json::value& item : members->get_array()) {
            auto limit = read_member(item);
            if (!limit) {
                return std::move(limit).error();
            }
            out.members.push_back(std::move(*limit));
        }
    }
    if (const json::value* backups = object->if_contains("backups")) {
        if (!backups->is_array()) {
            return bad("backups", "must be a list");
        }
        for (const json::value& item : backups->get_array()) {
            if (!item.is_string()) {
                return bad("backups", "must hold userids");
            }
            out.backups.emplace_back(item.get_string());
        }
    }
    return out;
}

void fit_limits(ChannelLimits& limits, const std::vector<std::string>& members) {
    std::set<std::string> keys;
    for (const std::string& userid : members) {
        keys.insert(userid_key(userid));
    }
    std::erase_if(limits.members, [&](const MemberLimit& limit) {
        return !keys.contains(userid_key(limit.userid)) ||
               (limit.daily_cap == 0 && limit.rota.empty());
    });
    std::erase_if(limits.backups, [&](const std::string& userid) {
        return keys.contains(userid_key(userid));
    });
}

Status check_limits(const ChannelLimits& limits, const std::vector<std::string>& members) {
    if (limits.members.size() > max_people || limits.backups.size() > max_people) {
        return broken("at most 100 members and 100 backups");
    }
    std::set<std::string> receivers;
    for (const std::string& userid : members) {
        receivers.insert(userid_key(userid));
    }
    std::set<std::string> seen;
    std::size_t slots = 0;
    for (const MemberLimit& limit : limits.members) {
        const std::string key = userid_key(limit.userid);
        if (!receivers.contains(key) || !seen.insert(key).second) {
            return broken("names somebody twice, or who is no member of the channel");
        }
        if (Status ok = check_member(limit, slots); !ok) {
            return ok;
        }
    }
    for (const std::string& userid : limits.backups) {
        const std::string key = userid_key(userid);
        if (key.empty() || userid.size() > 64 || !is_utf8(userid)) {
            return broken("names an empty userid or one longer than 64 bytes");
        }
        if (receivers.contains(key) || !seen.insert(key).second) {
            return broken("names a backup twice, or who is a member of the channel already");
        }
    }
    return {};
}

}  // namespace leadbridge::crm
