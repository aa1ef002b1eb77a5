#pragma once
// Who sent this request: `Authorization: Bearer` before the session cookie. Thread-safe; one short
// read of core, and at most once a minute per token or session a short write.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/database.h"
#include "base/guarded.h"
#include "base/http_types.h"
#include "base/result.h"
#include "crm/staff/user.h"
#include "gateway/caller.h"

namespace leadbridge::gateway {

// How browsers reach this machine. No slash at the end of the url.
struct WebAddress {
    std::string public_url;  // "" = as the Host header says
    bool tls = false;        // the server itself speaks TLS
};

class Sessions {
public:
    Sessions(Database& core, const Clock& clock, WebAddress address);

    // Nobody at all is an anonymous Caller. Error{unauthenticated}: a token or cookie that is
    // unknown, revoked or expired; reason bad_token, bad_authorization or session_ended.
    Result<Caller> authenticate(const Request& request);
    // For doors beside the API (WebSocket): nullopt = nobody, or nobody any more. A browser's
    // socket must also pass same_origin().
    std::optional<Caller> resolve(const Request& request);
    // Who holds this session token.
    Result<Caller> of_session(std::string_view token, std::string_view ip);
    // Whether a session still holds: for doors that stay open.
    bool alive(const Caller& caller);

    // A write by cookie: Origin (where there is one) and X-CSRF-Token. Always good for tokens.
    Status check_write(const Request& request, const Caller& caller) const;
    // Origin is absent, or names this machine by Host or public_url.
    bool same_origin(const Request& request) const;

    // Whether a sign-in that asks WeCom may go on: each state counts once, and an address has 30
    // tries a minute, so that strangers cannot use up the app's calls. Error: forbidden bad_state;
    // limited (retry_after_ms). Of this process only; WeCom takes a code once anyway.
    Status begin_foreign(std::string_view state, UnixMillis until, std::string_view ip);

    // "Set-Cookie" values. The token is what the browser keeps.
    std::string cookie(std::string_view token, std::int64_t max_age_s) const;
    std::string end_cookie() const;
    // A short-lived cookie for one path below /api/v1.
    std::string side_cookie(
        std::string_view name, std::string_view value, std::string_view path, std::int64_t max_age_s
    ) const;
    // "https://host" without a slash.
    std::string base_url(const Request& request) const;

private:
    struct Tries {
        UnixMillis until = 0;
        int count = 0;
    };

    struct Foreign {
        std::map<std::string, UnixMillis, std::less<>> used;  // state -> until when it was good
        std::map<std::string, Tries, std::less<>> tries;      // of an address
    };

    Result<Caller> by_token(std::string_view text);
    bool due(std::int64_t id);

    Database& core_;
    const Clock& clock_;
    const WebAddress address_;
    Guarded<std::map<std::int64_t, UnixMillis>> noted_;  // when a last use was written
    Guarded<Foreign> foreign_;
};

// A cookie of the request, "" when there is none.
std::string_view cookie_of(const Request& request, std::string_view name);

inline constexpr std::string_view session_cookie = "leadbridge_session";

}  // namespace leadbridge::gateway
