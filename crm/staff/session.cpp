#include "crm/staff/session.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/utf8.h"

namespace leadbridge::crm {
namespace {

constexpr std::size_t token_bytes = 32;
constexpr std::size_t token_characters = 43;
constexpr std::size_t max_agent = 200;

constexpr std::string_view session_columns =
    "SELECT id, user_id, via, ip, agent, created_ms, seen_ms, hash FROM user_session";

Session read_session(const Row& row) {
    Session out;
    out.id = row.id<SessionId>(0);
    out.user = row.id<UserId>(1);
    out.via = row.str(2);
    out.ip = row.str(3);
    out.agent = row.str(4);
    out.created_ms = row.integer(5);
    out.seen_ms = row.integer(6);
    return out;
}

bool in_time(const Session& session, UnixMillis now) {
    return now < session.ends_ms();
}

// As he stands now: a leaver is nobody, and a role that comes from a department goes with it.
std::optional<User> who_may_stay(Snapshot& s, UserId id) {
    auto user = UserStore::find(s, id);
    if (!user || user->disabled || !user->member) {
        return user && !user->disabled ? user : std::nullopt;
    }
    const auto member = MemberStore::find(s, user->corp, user->member);
    if (!member || !may_sign_in(member->status)) {
        return std::nullopt;
    }
    if (user->provisioned) {
        const auto role = role_by_department(s, user->corp, user->member);
        if (!role) {
            return std::nullopt;
        }
        user->role = *role;
    }
    return user;
}

// What a browser calls itself, as text that any page may show.
std::string agent_text(std::string_view agent) {
    std::string out;
    for (const char c : agent.substr(0, max_agent)) {
        const auto byte = static_cast<unsigned char>(c);
        out.push_back(byte >= 0x20 && byte < 0x7f ? c : '?');
    }
    return out;
}

void tell_end(Transaction& tx, std::int64_t session) {
    tx.changed({CorpId{}, "session", session, "deleted"});
}

}  // namespace

UnixMillis Session::ends_ms() const noexcept {
    return std::min(seen_ms + session_idle_ms, created_ms + session_age_ms);
}

NewSession SessionStore::create(
    Transaction& tx, UserId user, std::string_view via, const Browser& origin
) {
    const std::string token = crypto::base64url(rng_.bytes(token_bytes));
    const std::string hash = crypto::sha256(token);
    const auto id = ids_.next_as<SessionId>();
    const UnixMillis now = clock_.now();
    tx.execute(
        "INSERT INTO user_session(id, user_id, hash, via, ip, agent, created_ms, seen_ms) "
        "VALUES(?,?,?,?,?,?,?,?)",
        {id, user, Blob{hash}, via, origin.ip, agent_text(origin.agent), now, now}
    );
    return NewSession{id, Secret(token)};
}

std::optional<SessionUser> SessionStore::find(Snapshot& s, std::string_view token, UnixMillis now) {
    if (token.size() != token_characters) {
        return std::nullopt;
    }
    const std::string hash = crypto::sha256(token);
    auto session =
        s.one(std::string(session_columns) + " WHERE hash = ?", {Blob{hash}}, read_session);
    if (!session || !in_time(*session, now)) {
        return std::nullopt;
    }
    auto user = who_may_stay(s, session->user);
    if (!user) {
        return std::nullopt;
    }
    return SessionUser{std::move(*session), std::move(*user)};
}

std::optional<Role> SessionStore::role(Snapshot& s, SessionId id, UnixMillis now) {
    const auto session = find_id(s, id);
    if (!session || !in_time(*session, now)) {
        return std::nullopt;
    }
    const auto user = who_may_stay(s, session->user);
    return user ? std::optional(user->role) : std::nullopt;
}

std::vector<Session> SessionStore::list(Snapshot& s, UserId user, UnixMillis now) {
    auto out = s.all(
        std::string(session_columns) + " WHERE user_id = ? ORDER BY id DESC LIMIT 200",
        {user},
        read_session
    );
    std::erase_if(out, [&](const Session& session) { return !in_time(session, now); });
    return out;
}

std::optional<Session> SessionStore::find_id(Snapshot& s, SessionId id) {
    return s.one(std::string(session_columns) + " WHERE id = ?", {id}, read_session);
}

void SessionStore::seen(Transaction& tx, SessionId id, std::string_view ip, UnixMillis now) {
    tx.execute("UPDATE user_session SET seen_ms = ?, ip = ? WHERE id = ?", {now, ip, id});
}

bool SessionStore::end(Transaction& tx, SessionId id) {
    if (tx.execute("DELETE FROM user_session WHERE id = ?", {id}) == 0) {
        return false;
    }
    tell_end(tx, id.value);
    return true;
}

std::int64_t SessionStore::end_all(Transaction& tx, UserId user, SessionId keep) {
    const auto ended = tx.all(
        "DELETE FROM user_session WHERE user_id = ? AND id <> ? RETURNING id",
        {user, keep},
        [](const Row& row) { return row.integer(0); }
    );
    for (const std::int64_t session : ended) {
        tell_end(tx, session);
    }
    return static_cast<std::int64_t>(ended.size());
}

void SessionStore::end_member(Transaction& tx, CorpId corp, MemberId member) {
    if (const auto user = UserStore::find_member(tx, corp, member)) {
        end_all(tx, user->id, SessionId{});
    }
}

std::int64_t SessionStore::forget(Transaction& tx, UnixMillis now, int limit) {
    return tx.execute(
        "DELETE FROM user_session WHERE id IN (SELECT s.id FROM user_session s LEFT JOIN "
        "user_account u ON u.id = s.user_id WHERE s.seen_ms <= ? OR s.created_ms <= ? OR u.id IS "
        "NULL ORDER BY s.seen_ms LIMIT ?)",
        {now - session_idle_ms, now - session_age_ms, limit}
    );
}

}  // namespace leadbridge::crm
