#pragma once
// Who asks. Every list, count and search takes a Viewer and must narrow by it.

#include <cstdint>
#include <string>

#include "base/id.h"

namespace leadbridge::crm {

using MemberId = Id<struct MemberTag>;

enum class Scope : std::uint8_t { self, team, department, subtree, all };

struct Viewer {
    CorpId corp;
    MemberId member;  // 0 = a service (API token, the daemon itself)
    Scope scope = Scope::all;
    std::string actor;  // for the audit log: "token:NAME", "member:ID", "daemon"

    // The daemon acting within one corp.
    static Viewer daemon(CorpId corp) { return Viewer{corp, MemberId{}, Scope::all, "daemon"}; }
};

}  // namespace leadbridge::crm
