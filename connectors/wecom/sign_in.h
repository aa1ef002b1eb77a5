#pragma once
// Signing in with WeCom: its QR page (document/path/98152), the silent grant inside its client
// (91022), and who a code stands for (91023, 98176).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "connectors/wecom/api_client.h"

namespace leadbridge::wecom {

enum class SignInWay : std::uint8_t { qr, in_app };

// Where the browser goes. redirect_uri must lie on a domain the app trusts (可信域名); state has at
// most 128 letters and digits and comes back with the code. A corp on another api_base (the local
// WeCom, a private deployment) has these pages beside its API.
std::string sign_in_url(
    const crm::Corp& corp, SignInWay way, std::string_view redirect_uri, std::string_view state
);

// The userid behind a code, which works once within 5 minutes. Blocks for 10 s at most. Errors:
// forbidden with reason not_a_member for people outside the corp (openid, external contact, member
// of a linked corp); unauthenticated bad_wecom_code; else what WeCom said.
Result<std::string> userid_of_code(ApiClient& api, CorpId corp, std::string_view code);

}  // namespace leadbridge::wecom
