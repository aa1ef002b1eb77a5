#pragma once
// Sessions of people. The browser keeps 256 random bits; only their SHA-256 is stored. A session
// ends by idleness, by age, by its user's end, and by the member's leaving.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/rng.h"
#include "base/secret.h"
#include "crm/staff/user.h"

namespace leadbridge::crm {

inline constexpr std::int64_t session_idle_ms = 12LL * 3'600 * 1'000;
inline constexpr std::int64_t session_age_ms = 7LL * 24 * 3'600 * 1'000;

struct Session {
    SessionId id;
    UserId user;
    std::string via;    // "password" | "wecom" | "first"
    std::string ip;     // of the last request that was noted
    std::string agent;  // User-Agent, cut to 200 bytes
    UnixMillis created_ms = 0;
    UnixMillis seen_ms = 0;  // to the minute

    UnixMillis ends_ms() const noexcept;  // when it ends if nothing more is heard of it
};

// Where a request comes from.
struct Browser {
    std::string ip;
    std::string agent;
};

struct NewSession {
    SessionId id;
    Secret token;  // 43 characters; for the cookie
};

struct SessionUser {
    Session session;
    User user;
};

class SessionStore {
public:
    SessionStore(const Clock& clock, IdSource& ids, Rng& rng)
        : clock_(clock), ids_(ids), rng_(rng) {}

    NewSession create(Transaction& tx, UserId user, std::string_view via, const Browser& origin);

    // The live session of a token and its user; nullopt when either has ended or the member may
    // not sign in any more.
    static std::optional<SessionUser> find(Snapshot& s, std::string_view token, UnixMillis now);
    // What its user is now; nullopt as above.
    static std::optional<Role> role(Snapshot& s, SessionId id, UnixMillis now);
    static std::vector<Session> list(Snapshot& s, UserId user, UnixMillis now);  // newest first
    static std::optional<Session> find_id(Snapshot& s, SessionId id);
    static void seen(Transaction& tx, SessionId id, std::string_view ip, UnixMillis now);
    // False when it had ended already.
    static bool end(Transaction& tx, SessionId id);
    static std::int64_t end_all(Transaction& tx, UserId user, SessionId keep);
    static void end_member(Transaction& tx, CorpId corp, MemberId member);
    // Deletes sessions that have ended by time or with their user; how many.
    static std::int64_t forget(Transaction& tx, UnixMillis now, int limit);

private:
    const Clock& clock_;
    IdSource& ids_;
    Rng& rng_;
};

}  // namespace leadbridge::crm
