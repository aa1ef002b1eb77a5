#pragma once
// What administrators do in WeCom's own console: tags and members. Acts like those of people.h.

#include <string>

#include "connectors/sandbox/events.h"
#include "connectors/sandbox/world.h"

namespace leadbridge::sandbox {

Events console_add_tag(
    World& world, Company& corp, const std::string& group, const std::string& name, UnixMillis now
);
Events console_delete_tag(Company& corp, const std::string& tag_id, UnixMillis now);
Events console_add_member(Company& corp, const Member& member, UnixMillis now);
Events console_remove_member(Company& corp, const std::string& userid, UnixMillis now);

}  // namespace leadbridge::sandbox
