#pragma once
// What the handlers of people, sessions and sign-in share. .cpp files of gateway/api only.

#include "base/json.h"
#include "crm/staff/login.h"
#include "gateway/api_services.h"
#include "gateway/route.h"

namespace leadbridge::gateway {

// GET /api/v1/me, and the answer to every sign-in.
json::object me_json(const ApiServices& services, const Caller& caller);
crm::Browser browser_of(const ApiRequest& request);
// A user whom the caller may look after: an admin of one corp sees only that corp's.
std::optional<crm::User> user_in_reach(Snapshot& s, const Caller& caller, crm::UserId id);

}  // namespace leadbridge::gateway
