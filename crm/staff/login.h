#pragma once
// How people come in: by password (with a one-time code where they want one), by WeCom, and once by
// the first-start code. What is slow (scrypt) runs outside of transactions and one at a time.
// Thread-safe.

#include <cstdint>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>

#include "base/vault.h"
#include "crm/staff/audit.h"
#include "crm/staff/password.h"
#include "crm/staff/session.h"
#include "crm/staff/user.h"

namespace leadbridge::crm {

struct SignedIn {
    User user;
    NewSession session;
};

struct LoginServices {
    Database& core;
    const Clock& clock;
    IdSource& ids;
    Rng& rng;
    Vault& vault;
    PasswordCost cost = {};
};

// What an authenticator app takes in.
struct TotpSecret {
    std::string text;  // base32
    std::string uri;
};

class LoginDesk {
public:
    explicit LoginDesk(const LoginServices& services) : s_(services) {}

    // Errors: unauthenticated with reason bad_login (name or password, not told apart),
    // totp_required or bad_totp; forbidden user_disabled; limited locked (retry_after_ms) or
    // login_busy.
    Result<SignedIn> by_password(
        std::string_view name,
        std::string_view password,
        std::string_view code,
        const Browser& origin
    );
    // Someone WeCom vouches for. A member without a user gets one when a department's role says so.
    // Errors: forbidden with reason not_a_member, member_left, no_role or user_disabled.
    Result<SignedIn> by_member(CorpId corp, std::string_view userid, const Browser& origin);

    // A new first-start code, the old one void; nullopt when there is an admin.
    std::optional<Secret> make_first_code();
    // Makes the first admin. Errors: forbidden bad_first_code; rule_broken of the password or name.
    Result<SignedIn> first(
        std::string_view code,
        std::string_view name,
        std::string_view password,
        const Browser& origin
    );

    // Error{rule_broken} of check_password(). Slow.
    Result<std::string> hash(std::string_view password, std::string_view name);
    // One's own password: the present one is asked. Other sessions end.
    Status change_password(
        const Viewer& viewer,
        UserId user,
        SessionId keep,
        std::string_view current,
        std::string_view next
    );

    // One-time codes: begin() makes a secret that counts only once confirm() saw a code of it.
    Result<TotpSecret> begin_totp(const Viewer& viewer, UserId user);
    Status confirm_totp(const Viewer& viewer, UserId user, std::string_view code);
    Status remove_totp(const Viewer& viewer, UserId user, std::string_view code);

private:
    struct Account {
        std::optional<User> user;
        std::string password;
        TotpState totp;
        UnixMillis locked_until = 0;
    };

    Result<Account> account(std::string_view name, std::string_view ip);
    Status check_proof(const Account& account, std::string_view password);
    Result<std::int64_t> check_code(const Account& account, std::string_view code);
    Error refuse(const Account& account, std::string_view name, std::string_view ip, Error error);
    SignedIn enter(Transaction& tx, const User& user, std::string_view via, const Browser& origin);
    Result<User> member_user(Transaction& tx, CorpId corp, std::string_view userid);
    Result<std::string> secret_of(UserId user, const TotpState& totp);

    AuditServices audit() { return {s_.clock, s_.ids}; }

    const LoginServices s_;
    std::binary_semaphore hashing_{1};
};

}  // namespace leadbridge::crm
