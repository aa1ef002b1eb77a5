#pragma once
// WeCom's sign-in pages, played: the QR page (/wwlogin/sso/login, document/path/98152) and the
// silent grant (/connect/oauth2/authorize, 91022) list the members; whoever is clicked comes back
// with a code.

#include "base/http_types.h"
#include "connectors/sandbox/api.h"
#include "connectors/sandbox/world.h"

namespace leadbridge::sandbox {

bool is_sign_in(const Request& request) noexcept;
// With userid= or openid= in the query (what the page's links add) a redirect, else the page.
// Called with the world locked.
Response sign_in(World& world, const Request& request, UnixMillis now, Rng& rng);
std::span<const Endpoint> sign_in_endpoints() noexcept;  // auth/getuserinfo (91023)

}  // namespace leadbridge::sandbox
