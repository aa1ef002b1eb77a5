#include "connectors/sandbox/people.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace leadbridge::sandbox {

namespace {

// Names that nobody can take for a real person's.
constexpr std::array sample_names{
    "示例客户甲",
    "示例客户乙",
    "示例客户丙",
    "示例客户丁",
    "示例客户戊",
    "示例客户己",
    "示例客户庚",
    "示例客户辛"};

std::string issue_code(
    World& world, Company& corp, const Follow& follow, UnixMillis now, Rng& rng
) {
    const std::string code = world.fresh("WC") + rng.token(20);
    corp.welcomes[code] = WelcomeCode{code, follow.userid, follow.external_userid, now, 0, 0, ""};
    return code;
}

std::string add_fields(const Follow& follow, const std::string& code) {
    std::string fields;
    if (!follow.state.empty()) {
        fields += cdata("State", follow.state);
    }
    if (!code.empty()) {
        fields += cdata("WelcomeCode", code);
    }
    return fields;
}

const ContactWay* way_of(const Company& corp, const std::string& state) {
    for (const auto& [id, way] : corp.ways) {
        if (!state.empty() && way.state == state) {
            return &way;
        }
    }
    return nullptr;
}

std::string pick_member(const Company& corp, const ContactWay* way, Rng& rng) {
    std::vector<std::string> usable;
    for (const auto& [userid, member] : corp.members) {
        const bool in_way =
            way == nullptr ||
            std::find(way->users.begin(), way->users.end(), userid) != way->users.end();
        if (member.status == 1 && in_way) {
            usable.push_back(userid);
        }
    }
    return usable.empty() ? std::string() : usable[rng.below(usable.size())];
}

Person& person_for(World& world, Company& corp, const Scan& scan, Rng& rng) {
    std::string id = scan.external_userid;
    if (id.empty()) {
        id = world.fresh("wmSANDBOX") + rng.token(12);
    }
    auto [it, fresh] = corp.people.try_emplace(id);
    Person& person = it->second;
    if (fresh) {
        person.external_userid = id;
        person.name =
            scan.name.empty()
                ? fmt::format(
                      "{}{}", sample_names[rng.below(sample_names.size())], corp.people.size()
                  )
                : scan.name;
        person.gender = static_cast<int>(rng.below(3));
        person.type = id.starts_with("wo") ? 2 : 1;
    }
    if (!scan.unionid.empty()) {
        person.unionid = scan.unionid;
    }
    if (!scan.phone.empty()) {
        person.phone = scan.phone;
    }
    return person;
}

}  // namespace

ScanResult scan(World& world, Company& corp, const Scan& scan, UnixMillis now, Rng& rng) {
    ScanResult out;
    const ContactWay* way = way_of(corp, scan.state);
    out.userid = scan.userid.empty() ? pick_member(corp, way, rng) : scan.userid;
    if (!corp.members.contains(out.userid)) {
        out.userid.clear();
        return out;
    }
    const Person& person = person_for(world, corp, scan, rng);
    out.external_userid = person.external_userid;
    Follow& follow = corp.follows[{out.userid, person.external_userid}];
    const bool talked = follow.chatting && !follow.deleted_by_contact;
    follow.userid = out.userid;
    follow.external_userid = person.external_userid;
    follow.state = scan.state;
    follow.add_way = scan.state.empty() ? 2 : 1;
    follow.created_ms = now;
    follow.half = scan.half_first;
    follow.deleted_by_contact = false;
    follow.chatting = talked;
    if (scan.with_welcome_code && !talked) {
        out.welcome_code = issue_code(world, corp, follow, now, rng);
    }
    const std::string_view change =
        scan.half_first ? "add_half_external_contact" : "add_external_contact";
    out.events.push_back(
        contact_event(corp, change, follow, add_fields(follow, out.welcome_code), now)
    );
    return out;
}

Events confirm_add(
    World& world,
    Company& corp,
    const std::string& userid,
    const std::string& external_userid,
    UnixMillis now,
    Rng& rng
) {
    Follow* follow = corp.follow(userid, external_userid);
    if (follow == nullptr || !follow->half) {
        return {};
    }
    follow->half = false;
    const std::string code =
        follow->chatting ? std::string() : issue_code(world, corp, *follow, now, rng);
    return {contact_event(corp, "add_external_contact", *follow, add_fields(*follow, code), now)};
}

Events edit_remark(
    Company& corp,
    const std::string& userid,
    const std::string& external_userid,
    const std::string& remark,
    UnixMillis now
) {
    Follow* follow = corp.follow(userid, external_userid);
    if (follow == nullptr) {
        return {};
    }
    follow->remark = remark;
    return {contact_event(corp, "edit_external_contact", *follow, "", now)};
}

Events edit_tags(
    Company& corp,
    const std::string& userid,
    const std::string& external_userid,
    const std::vector<std::string>& add,
    const std::vector<std::string>& remove,
    UnixMillis now
) {
    Follow* follow = corp.follow(userid, external_userid);
    if (follow == nullptr) {
        return {};
    }
    for (const std::string& id : add) {
        if (corp.tag(id) != nullptr) {
            follow->tags.insert(id);
        }
    }
    for (const std::string& id : remove) {
        follow->tags.erase(id);
    }
    return {contact_event(corp, "edit_external_contact", *follow, "", now)};
}

Events delete_by_member(
    Company& corp, const std::string& userid, const std::string& external_userid, UnixMillis now
) {
    Follow* follow = corp.follow(userid, external_userid);
    if (follow == nullptr) {
        return {};
    }
    Events events{contact_event(corp, "del_external_contact", *follow, "", now)};
    corp.follows.erase({userid, external_userid});
    return events;
}

Events delete_by_contact(
    Company& corp, const std::string& userid, const std::string& external_userid, UnixMillis now
) {
    Follow* follow = corp.follow(userid, external_userid);
    if (follow == nullptr) {
        return {};
    }
    follow->deleted_by_contact =
        true;  // the one-way friendship stays: get still works (page 90313)
    return {contact_event(corp, "del_follow_user", *follow, "", now)};
}

Events give_consent(
    World& world,
    Company& corp,
    const std::string& userid,
    const std::string& external_userid,
    UnixMillis now,
    Rng& rng
) {
    Follow* follow = corp.follow(userid, external_userid);
    if (follow == nullptr) {
        return {};
    }
    const std::string code =
        follow->chatting ? std::string() : issue_code(world, corp, *follow, now, rng);
    return {contact_event(
        corp, "msg_audit_approved", *follow, code.empty() ? "" : cdata("WelcomeCode", code), now
    )};
}

bool confirm_task(World& world, Company& corp, const std::string& msgid, UnixMillis now) {
    const auto it = corp.tasks.find(msgid);
    if (it == corp.tasks.end() || it->second.cancelled || it->second.confirmed) {
        return false;
    }
    MassTask& task = it->second;
    task.confirmed = true;
    task.confirmed_ms = now;
    for (auto& [external, status] : task.status) {
        const Follow* follow = corp.follow(task.sender, external);
        std::int64_t received = 0;
        for (const auto& [other_id, other] : corp.tasks) {
            const auto hit = other.status.find(external);
            received += other_id != msgid && hit != other.status.end() && hit->second == 1 ? 1 : 0;
        }
        const std::int64_t cap = world.limits.cap_per_contact_month;
        if (follow == nullptr || follow->deleted_by_contact) {
            status = 2;
        } else if (cap > 0 && received >= cap) {
            status = 3;
        } else {
            status = 1;
        }
    }
    return true;
}

Events create_group(
    World& world,
    Company& corp,
    const std::string& owner,
    const std::string& name,
    const std::vector<std::string>& members,
    UnixMillis now
) {
    GroupChat group{world.fresh("wrSANDBOX"), name, owner, now, members, 1};
    group.members.insert(group.members.begin(), owner);
    Events events{group_event(corp, "create", group, "", now)};
    const std::string id = group.chat_id;
    corp.groups[id] = std::move(group);
    return events;
}

Events join_group(
    Company& corp, const std::string& chat_id, const std::string& who, UnixMillis now
) {
    const auto it = corp.groups.find(chat_id);
    if (it == corp.groups.end()) {
        return {};
    }
    GroupChat& group = it->second;
    const std::string before = std::to_string(group.version);
    group.members.push_back(who);
    group.version += 1;
    const std::string more =
        cdata("UpdateDetail", "add_member") +
        "<JoinScene>3</JoinScene><QuitScene>0</QuitScene><MemChangeCnt>1</MemChangeCnt>" +
        "<MemChangeList>" + cdata("Item", who) + "</MemChangeList>" + cdata("LastMemVer", before) +
        cdata("CurMemVer", std::to_string(group.version));
    return {group_event(corp, "update", group, more, now)};
}

}  // namespace leadbridge::sandbox
