#pragma once
// Reads a corp's members and departments from WeCom; the pages are named in member_sync.h. Private
// to member_sync.cpp.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connectors/wecom/services.h"
#include "crm/staff/member.h"

namespace leadbridge::wecom {

struct Staff {
    std::vector<crm::Department> departments;
    bool named = true;                               // departments carry names
    std::map<std::string, crm::MemberFact> members;  // by userid_key
};

// Departments, then members: by department, or ids only where the app may not list.
Status fetch_staff(const WecomServices& s, CorpId corp, Staff& staff);

// Name and status of one member; nullopt = WeCom does not know him any more.
Result<std::optional<crm::MemberFact>> look_up_member(
    const WecomServices& s, CorpId corp, const std::string& userid
);

}  // namespace leadbridge::wecom
