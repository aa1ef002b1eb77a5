#include "crm/staff/login.h"

#include <algorithm>
#include <chrono>

#include "base/crypto.h"
#include "crm/staff/list_text.h"

namespace leadbridge::crm {
namespace {

constexpr std::size_t first_code_characters = 32;

Viewer as_user(const User& user) {
    return Viewer{user.corp, user.member, user.sees(), "user:" + user.name};
}

Error disabled() {
    return Error{ErrorCode::forbidden, "this account is disabled; ask an admin", "user_disabled"};
}

// Holds the one place where passwords are hashed.
class Place {
public:
    explicit Place(std::binary_semaphore& semaphore)
        : semaphore_(semaphore), held_(semaphore.try_acquire()) {}

    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    ~Place() {
        if (held_) {
            semaphore_.release();
        }
    }

    Status status() const {
        if (held_) {
            return {};
        }
        return Error{
            ErrorCode::limited, "too many sign-ins at once; try again", "login_busy", 0, 1'000};
    }

private:
    std::binary_semaphore& semaphore_;
    const bool held_;
};

constexpr std::size_t longest_name = 240;  // bytes
constexpr std::size_t longest_password = 1'024;

Error bad_login() {
    return Error{ErrorCode::unauthenticated, "the name or the password is wrong", "bad_login"};
}

}  // namespace

Result<LoginDesk::Account> LoginDesk::account(std::string_view name, std::string_view ip) {
    return s_.core.read<Account>([&](Snapshot& s) -> Result<Account> {
        Account out;
        out.locked_until = LoginFailures::locked_until(s, name, ip, s_.clock.now());
        out.user = UserStore::find_name(s, name);
        if (out.user) {
            out.password = UserStore::password_of(s, out.user->id);
            out.totp = UserStore::totp_of(s, out.user->id);
        }
        return out;
    });
}

Status LoginDesk::check_proof(const Account& account, std::string_view password) {
    const Place place(hashing_);
    if (Status status = place.status(); !status) {
        return status;
    }
    if (account.password.empty()) {
        verify_nothing(password, s_.cost);
        return bad_login();
    }
    return verify_password(account.password, password) ? Status{} : Status{bad_login()};
}

// The step of the code that was given; 0 where none is asked for.
Result<std::int64_t> LoginDesk::check_code(const Account& account, std::string_view code) {
    if (!account.totp.on) {
        return 0;
    }
    if (code.empty()) {
        return Error{
            ErrorCode::unauthenticated,
            "send the code of the authenticator app too",
            "totp_required"};
    }
    auto secret = secret_of(account.user->id, account.totp);
    if (!secret) {
        return std::move(secret).error();
    }
    const auto step = totp::match(*secret, code, s_.clock.now(), account.totp.step);
    if (!step) {
        return Error{
            ErrorCode::unauthenticated,
            "the code is wrong or was used; wait for the next one and check the clocks",
            "bad_totp"};
    }
    return *step;
}

// Counts a failed try. Who does not exist leaves no trace but the delay.
Error LoginDesk::refuse(
    const Account& account, std::string_view name, std::string_view ip, Error error
) {
    if (error.code != ErrorCode::unauthenticated || error.reason == "totp_required") {
        return error;
    }
    auto noted = s_.core.write<int>([&](Transaction& tx) -> Result<int> {
        LoginFailures::add(tx, name, ip, s_.clock.now());
        if (account.user) {
            record_audit(
                tx,
                audit(),
                as_user(*account.user),
                {"session.refused",
                 "user",
                 account.user->id.value,
                 {},
                 object_text({{"reason", error.reason}})}
            );
        }
        return 0;
    });
    return noted ? std::move(error) : std::move(noted).error();
}

SignedIn LoginDesk::enter(
    Transaction& tx, const User& user, std::string_view via, const Browser& origin
) {
    UserStore(s_.clock, s_.ids).signed_in(tx, user.id);
    auto session = SessionStore(s_.clock, s_.ids, s_.rng).create(tx, user.id, via, origin);
    const std::string after = object_text({{"via", via}, {"ip", origin.ip}});
    record_audit(
        tx, audit(), as_user(user), {"session.create", "session", session.id.value, {}, after}
    );
    return SignedIn{user, std::move(session)};
}

Result<SignedIn> LoginDesk::by_password(
    std::string_view name, std::string_view password, std::string_view code, const Browser& origin
) {
    // Nobody is called so, and what strangers send is not kept.
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
    if (name.size() > longest_name || password.size() > longest_password ||
        std::any_of(name.begin(), name.end(), is_control)) {
        return bad_login();
    }
    auto found = account(name, origin.ip);
    if (!found) {
        return std::move(found).error();
    }
    if (found->locked_until > 0) {
        const std::int64_t wait = found->locked_until - s_.clock.now();
        return Error{
            ErrorCode::limited,
            "too many failed tries; wait " + std::to_string((wait + 999) / 1'000) + " s",
            "locked",
            0,
            std::max<std::int64_t>(wait, 1)};
    }
    if (Status proof = check_proof(*found, password); !proof) {
        return refuse(*found, name, origin.ip, std::move(proof).error());
    }
    if (found->user->disabled) {
        return disabled();
    }
    auto step = check_code(*found, code);
    if (!step) {
        return refuse(*found, name, origin.ip, std::move(step).error());
    }
    return s_.core.write<SignedIn>([&](Transaction& tx) -> Result<SignedIn> {
        const auto user = UserStore::find(tx, found->user->id);
        if (!user || user->disabled ||
            UserStore::password_of(tx, found->user->id) != found->password) {
            return bad_login();
        }
        if (user->member) {
            const auto member = MemberStore::find(tx, user->corp, user->member);
            if (!member || !may_sign_in(member->status)) {
                return disabled();
            }
        }
        if (*step != 0 && !UserStore::take_totp(tx, user->id, *step)) {
            return Error{ErrorCode::unauthenticated, "the code was used just now", "bad_totp"};
        }
        LoginFailures::clear(tx, name);
        return enter(tx, *user, "password", origin);
    });
}

Result<User> LoginDesk::member_user(Transaction& tx, CorpId corp, std::string_view userid) {
    const MemberId member = MemberStore::find_userid(tx, corp, userid);
    const auto row = MemberStore::find(tx, corp, member);
    if (!row) {
        return Error{
            ErrorCode::forbidden,
            "WeCom names a member that is not known here; the sync may be behind, or the app may "
            "not see this member",
            "not_a_member"};
    }
    if (!may_sign_in(row->status)) {
        return Error{
            ErrorCode::forbidden, "this member has left or is disabled in WeCom", "member_left"};
    }
    UserStore users(s_.clock, s_.ids);
    const auto role = role_by_department(tx, corp, member);
    const Error no_role{
        ErrorCode::forbidden,
        "no user is linked to this member and no role to the department; ask an admin",
        "no_role"};
    if (auto user = UserStore::find_member(tx, corp, member)) {
        if (!user->provisioned || role == user->role) {
            return *user;
        }
        if (!role) {
            return no_role;
        }
        tx.execute("UPDATE user_account SET role = ? WHERE id = ?", {*role, user->id});
        user->role = *role;
        return *user;
    }
    if (!role) {
        return no_role;
    }
    UserEdit edit;
    edit.name = row->userid.substr(0, 36);
    if (UserStore::find_name(tx, edit.name)) {
        edit.name += "@" + member.str();
    }
    edit.role = *role;
    edit.corp = corp;
    edit.member = member;
    edit.provisioned = true;
    auto id = users.create(tx, edit);
    if (!id) {
        return std::move(id).error();
    }
    record_audit(
        tx,
        audit(),
        Viewer::daemon(corp),
        {"user.create",
         "user",
         id->value,
         {},
         object_text({{"name", edit.name}, {"role", to_string(edit.role)}, {"via", "wecom"}})}
    );
    return *UserStore::find(tx, *id);
}

Result<SignedIn> LoginDesk::by_member(CorpId corp, std::string_view userid, const Browser& origin) {
    return s_.core.write<SignedIn>([&](Transaction& tx) -> Result<SignedIn> {
        auto user = member_user(tx, corp, userid);
        if (!user) {
            return std::move(user).error();
        }
        if (user->disabled) {
            return disabled();
        }
        return enter(tx, *user, "wecom", origin);
    });
}

std::optional<Secret> LoginDesk::make_first_code() {
    const std::string code = s_.rng.token(first_code_characters);
    const std::string hash = crypto::sha256(code);
    auto made = s_.core.write<bool>([&](Transaction& tx) -> Result<bool> {
        tx.execute("DELETE FROM first_code");
        if (UserStore::has_admin(tx)) {
            return false;
        }
        tx.execute(
            "INSERT INTO first_code(id, hash, created_ms) VALUES(?,?,?)",
            {s_.ids.next(), Blob{hash}, s_.clock.now()}
        );
        return true;
    });
    return made && *made ? std::optional<Secret>(Secret(code)) : std::nullopt;
}

Result<SignedIn> LoginDesk::first(
    std::string_view code, std::string_view name, std::string_view password, const Browser& origin
) {
    const std::string code_hash = crypto::sha256(code);
    const auto good = [&](Snapshot& s) {
        return s.exists("SELECT 1 FROM first_code WHERE hash = ?", {Blob{code_hash}}) &&
               !UserStore::has_admin(s);
    };
    const Error refused{
        ErrorCode::forbidden,
        "this code is unknown or was used; a start of the daemon prints a new one while there is "
        "no admin",
        "bad_first_code"};
    auto known = s_.core.read<bool>([&](Snapshot& s) -> Result<bool> { return good(s); });
    if (!known || !*known) {
        return known ? refused : std::move(known).error();
    }
    auto hashed = hash(password, name);
    if (!hashed) {
        return std::move(hashed).error();
    }
    return s_.core.write<SignedIn>([&](Transaction& tx) -> Result<SignedIn> {
        if (!good(tx)) {
            return refused;
        }
        UserStore users(s_.clock, s_.ids);
        UserEdit edit;
        edit.name = name;
        edit.role = Role::admin;
        auto id = users.create(tx, edit);
        if (!id) {
            return std::move(id).error();
        }
        if (Status set = users.set_password(tx, *id, *hashed, SessionId{}); !set) {
            return std::move(set).error();
        }
        tx.execute("DELETE FROM first_code");
        const User user = *UserStore::find(tx, *id);
        record_audit(
            tx,
            audit(),
            as_user(user),
            {"user.create",
             "user",
             id->value,
             {},
             object_text({{"name", user.name}, {"role", "admin"}, {"via", "first"}})}
        );
        return enter(tx, user, "first", origin);
    });
}

Result<std::string> LoginDesk::hash(std::string_view password, std::string_view name) {
    if (Status good = check_password(password, name); !good) {
        return std::move(good).error();
    }
    const Place place(hashing_);
    if (Status status = place.status(); !status) {
        return std::move(status).error();
    }
    return hash_password(s_.rng, password, s_.cost);
}

}  // namespace leadbridge::crm
