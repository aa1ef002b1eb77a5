#pragma once
// What people do: scan, chat, edit, delete, confirm. Each act changes the world and says which
// callbacks WeCom would send. Only acts of people and of the admin console fire callbacks; API
// calls do not (page 96361).

#include <string>
#include <vector>

#include "connectors/sandbox/events.h"
#include "connectors/sandbox/world.h"

namespace leadbridge::sandbox {

struct Scan {
    std::string state;            // of the contact way; empty = any other way of adding (add_way 2)
    std::string userid;           // the member; empty = chosen from the way's users
    std::string external_userid;  // empty = a new person
    std::string name;             // of a new person; empty = a sample name
    std::string unionid;
    std::string phone;
    bool half_first = false;  // half add now; confirm_add() makes the full one
    bool with_welcome_code = true;
};

struct ScanResult {
    std::string userid;
    std::string external_userid;
    std::string welcome_code;
    Events events;
};

// Empty ids in the result when no member could take the person.
ScanResult scan(World& world, Company& corp, const Scan& scan, UnixMillis now, Rng& rng);
Events confirm_add(
    World& world,
    Company& corp,
    const std::string& userid,
    const std::string& external_userid,
    UnixMillis now,
    Rng& rng
);
Events edit_remark(
    Company& corp,
    const std::string& userid,
    const std::string& external_userid,
    const std::string& remark,
    UnixMillis now
);
Events edit_tags(
    Company& corp,
    const std::string& userid,
    const std::string& external_userid,
    const std::vector<std::string>& add,
    const std::vector<std::string>& remove,
    UnixMillis now
);
Events delete_by_member(
    Company& corp, const std::string& userid, const std::string& external_userid, UnixMillis now
);
Events delete_by_contact(
    Company& corp, const std::string& userid, const std::string& external_userid, UnixMillis now
);
Events give_consent(
    World& world,
    Company& corp,
    const std::string& userid,
    const std::string& external_userid,
    UnixMillis now,
    Rng& rng
);
// The member presses send: every recipient gets his outcome. Nothing when the task is unknown,
// cancelled or confirmed.
bool confirm_task(World& world, Company& corp, const std::string& msgid, UnixMillis now);
Events create_group(
    World& world,
    Company& corp,
    const std::string& owner,
    const std::string& name,
    const std::vector<std::string>& members,
    UnixMillis now
);
Events join_group(
    Company& corp, const std::string& chat_id, const std::string& who, UnixMillis now
);

}  // namespace leadbridge::sandbox
