#pragma once
// Who sent a request: a token, a person with a session, a command on the local socket, or nobody.

#include <optional>
#include <string>

#include "base/id.h"
#include "crm/staff/permission.h"
#include "crm/staff/user.h"
#include "crm/staff/viewer.h"

namespace leadbridge::gateway {

// What a caller must hold. `admin` implies write, `write` implies read.
enum class Access : std::uint8_t { open, read, write, admin };

struct Caller {
    std::string actor;             // "token:NAME", "user:NAME", "local", "" = nobody
    Access access = Access::open;  // of a token; a person is judged by the role instead
    CorpId corp;                   // 0 = any
    bool anonymous = true;

    // Of a person with a session.
    std::optional<crm::Role> role = std::nullopt;
    crm::UserId user = {};
    crm::SessionId session = {};
    crm::MemberId member = {};  // in `corp`; 0 = none
    crm::Scope scope = crm::Scope::all;
    std::string csrf = {};  // what X-CSRF-Token must be on this session's writes

    // Whether the route's scope (tokens) or permission (people) is held.
    bool may(Access wanted, crm::Permission permission) const noexcept {
        if (wanted == Access::open) {
            return true;
        }
        return role ? crm::allows(*role, permission) : !anonymous && access >= wanted;
    }

    // Beyond the route: a token that was let in may; a person only when the role says so.
    bool may(crm::Permission permission) const noexcept {
        return role ? crm::allows(*role, permission) : !anonymous;
    }

    // The viewer of this caller within one corp, which must be one it may name.
    crm::Viewer viewer(CorpId in) const {
        return crm::Viewer{in, in == corp ? member : crm::MemberId{}, scope, actor};
    }
};

}  // namespace leadbridge::gateway
