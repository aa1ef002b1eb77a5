#include "gateway/sessions.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/log.h"
#include "crm/staff/session.h"
#include "crm/staff/token.h"

namespace leadbridge::gateway {

namespace {

constexpr std::int64_t note_use_every_ms = 60'000;
constexpr std::size_t max_noted = 10'000;
constexpr int foreign_tries = 30;
constexpr std::int64_t foreign_ms = 60'000;

Access access_of(const crm::ApiToken& token) {
    if (token.allows(crm::TokenScope::admin)) {
        return Access::admin;
    }
    return token.allows(crm::TokenScope::write) ? Access::write : Access::read;
}

// Of a scheme's name only the letters count (RFC 9110, 11.1).
bool starts_with_word(std::string_view text, std::string_view lower_word) {
    return text.size() >= lower_word.size() &&
           std::equal(lower_word.begin(), lower_word.end(), text.begin(), [](char want, char have) {
               return want == (have >= 'A' && have <= 'Z' ? static_cast<char>(have + 32) : have);
           });
}

// "https://a.example:8443/x" -> "a.example:8443"
std::string_view host_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) {
        return {};
    }
    url.remove_prefix(scheme + 3);
    return url.substr(0, url.find('/'));
}

// Bound to the session: whoever can read it has the session's own answers already.
std::string csrf_of(std::string_view session_token) {
    return crypto::base64url(crypto::hmac_sha256(session_token, "leadbridge csrf"));
}

}  // namespace

std::string_view cookie_of(const Request& request, std::string_view name) {
    for (const auto& [field, value] : request.headers.all()) {
        if (field.size() != 6 || !starts_with_word(field, "cookie")) {
            continue;
        }
        std::string_view rest = value;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find(';'), rest.size());
            std::string_view pair = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
            if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
                return pair.substr(name.size() + 1);
            }
        }
    }
    return {};
}

Sessions::Sessions(Database& core, const Clock& clock, WebAddress address)
    : core_(core), clock_(clock), address_(std::move(address)) {}

bool Sessions::due(std::int64_t id) {
    const UnixMillis now = clock_.now();
    auto noted = noted_.lock();
    if (noted->size() > max_noted) {
        noted->clear();
    }
    UnixMillis& last = (*noted)[id];
    const bool is_due = now - last >= note_use_every_ms;
    last = is_due ? now : last;
    return is_due;
}

Status Sessions::begin_foreign(std::string_view state, UnixMillis until, std::string_view ip) {
    const UnixMillis now = clock_.now();
    auto foreign = foreign_.lock();
    std::erase_if(foreign->used, [&](const auto& entry) { return entry.second <= now; });
    std::erase_if(foreign->tries, [&](const auto& entry) { return entry.second.until <= now; });
    Tries& tries =
        foreign->tries.try_emplace(std::string(ip), Tries{now + foreign_ms}).first->second;
    if (++tries.count > foreign_tries || foreign->used.size() >= max_noted) {
        const std::int64_t wait = tries.until - now;
        return Error{
            ErrorCode::limited, "too many sign-ins; try again soon", "login_busy", 0, wait};
    }
    if (!foreign->used.try_emplace(std::string(state), until).second) {
        return Error{
            ErrorCode::forbidden, "this sign-in was used already; begin again", "bad_state"};
    }
    return {};
}

Result<Caller> Sessions::by_token(std::string_view text) {
    auto token = core_.read<std::optional<crm::ApiToken>>(
        [&](Snapshot& s) -> Result<std::optional<crm::ApiToken>> {
            return crm::TokenStore::find(s, text);
        }
    );
    if (!token) {
        return std::move(token).error();
    }
    if (!*token) {
        return Error{
            ErrorCode::unauthenticated,
            "this token is unknown or revoked; `leadbridge token create` makes one",
            "bad_token"};
    }
    const crm::ApiToken& found = **token;
    if (due(found.id.value)) {
        const UnixMillis now = clock_.now();
        auto written = core_.write<int>([&](Transaction& tx) -> Result<int> {
            crm::TokenStore::used(tx, found.id, now);
            return 0;
        });
        if (!written) {
            log::warn(
                "api", "the use of a token could not be noted", {{"error", written.error().message}}
            );
        }
    }
    return Caller{"token:" + found.name, access_of(found), found.corp, false};
}

Result<Caller> Sessions::of_session(std::string_view token, std::string_view ip) {
    const UnixMillis now = clock_.now();
    auto found = core_.read<std::optional<crm::SessionUser>>(
        [&](Snapshot& s) -> Result<std::optional<crm::SessionUser>> {
            return crm::SessionStore::find(s, token, now);
        }
    );
    if (!found) {
        return std::move(found).error();
    }
    if (!*found) {
        return Error{
            ErrorCode::unauthenticated, "this session has ended; sign in again", "session_ended"};
    }
    const crm::Session& session = (*found)->session;
    const crm::User& user = (*found)->user;
    if (due(session.id.value)) {
        auto written = core_.write<int>([&](Transaction& tx) -> Result<int> {
            crm::SessionStore::seen(tx, session.id, ip, now);
            return 0;
        });
        if (!written) {
            log::warn(
                "api",
                "the use of a session could not be noted",
                {{"error", written.error().message}}
            );
        }
    }
    Caller caller{"user:" + user.name, Access::open, user.corp, false};
    caller.role = user.role;
    caller.user = user.id;
    caller.session = session.id;
    caller.member = user.member;
    caller.scope = user.sees();
    caller.csrf = csrf_of(token);
    return caller;
}

Result<Caller> Sessions::authenticate(const Request& request) {
    const std::string_view header = request.headers.get("Authorization");
    if (header.empty()) {
        const std::string_view cookie = cookie_of(request, session_cookie);
        return cookie.empty() ? Result<Caller>(Caller{})
                              : of_session(cookie, request.remote_address);
    }
    constexpr std::string_view scheme = "bearer ";
    if (!starts_with_word(header, scheme)) {
        return Error{
            ErrorCode::unauthenticated, "use Authorization: Bearer TOKEN", "bad_authorization"};
    }
    return by_token(header.substr(scheme.size()));
}

std::optional<Caller> Sessions::resolve(const Request& request) {
    auto caller = authenticate(request);
    if (!caller || caller->anonymous) {
        return std::nullopt;
    }
    return std::move(*caller);
}

bool Sessions::alive(const Caller& caller) {
    if (!caller.session) {
        return !caller.anonymous;
    }
    const UnixMillis now = clock_.now();
    auto alive = core_.read<bool>([&](Snapshot& s) -> Result<bool> {
        const auto role = crm::SessionStore::role(s, caller.session, now);
        return role && *role == caller.role;
    });
    return alive && *alive;
}

bool Sessions::same_origin(const Request& request) const {
    if (!request.headers.has("Origin")) {
        return true;
    }
    const std::string_view host = host_of(request.headers.get("Origin"));
    return !host.empty() &&
           (host == request.headers.get("Host") ||
            (!address_.public_url.empty() && host == host_of(address_.public_url)));
}

Status Sessions::check_write(const Request& request, const Caller& caller) const {
    if (!caller.session) {
        return {};
    }
    if (!same_origin(request)) {
        return Error{
            ErrorCode::forbidden,
            "the request comes from another site; behind a proxy set server.public_url",
            "bad_origin"};
    }
    if (!crypto::equal_constant_time(request.headers.get("X-CSRF-Token"), caller.csrf)) {
        return Error{
            ErrorCode::forbidden,
            "send X-CSRF-Token with the csrf_token of GET /api/v1/me",
            "bad_csrf_token"};
    }
    return {};
}

std::string Sessions::side_cookie(
    std::string_view name, std::string_view value, std::string_view path, std::int64_t max_age_s
) const {
    const bool secure = address_.tls || address_.public_url.starts_with("https://");
    return std::string(name) + "=" + std::string(value) + "; Path=" + std::string(path) +
           "; Max-Age=" + std::to_string(max_age_s) + "; HttpOnly; SameSite=Lax" +
           (secure ? "; Secure" : "");
}

std::string Sessions::cookie(std::string_view token, std::int64_t max_age_s) const {
    return side_cookie(session_cookie, token, "/", max_age_s);
}

std::string Sessions::end_cookie() const {
    return cookie("", 0);
}

std::string Sessions::base_url(const Request& request) const {
    if (!address_.public_url.empty()) {
        return address_.public_url;
    }
    return (address_.tls ? "https://" : "http://") + std::string(request.headers.get("Host"));
}

}  // namespace leadbridge::gateway
