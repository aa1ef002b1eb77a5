#include "connectors/sandbox/console.h"

#include <fmt/format.h>

namespace leadbridge::sandbox {

Events console_add_tag(
    World& world, Company& corp, const std::string& group, const std::string& name, UnixMillis now
) {
    TagGroup* target = nullptr;
    for (auto& [id, g] : corp.tag_groups) {
        if (g.name == group) {
            target = &g;
        }
    }
    Events events;
    if (target == nullptr) {
        TagGroup fresh{world.fresh("etgSANDBOX"), group, 0, now, {}};
        const std::string id = fresh.id;
        target = &(corp.tag_groups[id] = std::move(fresh));
        events.push_back(tag_event(corp, "create", target->id, "tag_group", now));
    }
    target->tags.push_back(Tag{world.fresh("etSANDBOX"), name, 0, now});
    events.push_back(tag_event(corp, "create", target->tags.back().id, "tag", now));
    return events;
}

Events console_delete_tag(Company& corp, const std::string& tag_id, UnixMillis now) {
    TagGroup* group = nullptr;
    if (corp.tag(tag_id, &group) == nullptr) {
        return {};
    }
    std::erase_if(group->tags, [&](const Tag& t) { return t.id == tag_id; });
    for (auto& [pair, follow] : corp.follows) {
        follow.tags.erase(tag_id);
    }
    return {tag_event(corp, "delete", tag_id, "tag", now)};
}

Events console_add_member(Company& corp, const Member& member, UnixMillis now) {
    const bool fresh = !corp.members.contains(member.userid);
    corp.members[member.userid] = member;
    std::string departments;
    for (const std::int64_t id : member.departments) {
        departments += (departments.empty() ? "" : ",") + std::to_string(id);
    }
    const std::string more = cdata("Name", member.name) + cdata("Department", departments) +
                             fmt::format("<Status>{}</Status>", member.status);
    return {member_event(corp, fresh ? "create_user" : "update_user", member.userid, more, now)};
}

Events console_remove_member(Company& corp, const std::string& userid, UnixMillis now) {
    if (corp.members.erase(userid) == 0) {
        return {};
    }
    return {member_event(corp, "delete_user", userid, "", now)};
}

}  // namespace leadbridge::sandbox
