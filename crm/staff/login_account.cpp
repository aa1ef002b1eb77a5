// What signed-in people do with their own account: another password, one-time codes on and off

#include "base/crypto.h"
#include "crm/staff/login.h"

namespace leadbridge::crm {
namespace {

constexpr std::size_t totp_bytes = 20;
constexpr std::string_view issuer = "LeadBridge";
// Instead of an address: who has a session and is asked once more is held up apart from sign-ins.
constexpr std::string_view signed_in = "session";

std::string totp_place(UserId user) {
    return "user:" + user.str() + ":totp";
}

}  // namespace

Result<std::string> LoginDesk::secret_of(UserId user, const TotpState& totp) {
    return s_.vault.open(CorpId{}, totp.sealed, totp_place(user));
}

Status LoginDesk::change_password(
    const Viewer& viewer,
    UserId user,
    SessionId keep,
    std::string_view current,
    std::string_view next
) {
    auto row = s_.core.read<std::optional<User>>([&](Snapshot& s) -> Result<std::optional<User>> {
        return UserStore::find(s, user);
    });
    if (!row || !*row) {
        return row ? Status{Error{ErrorCode::not_found, "no such user"}} : Status{row.error()};
    }
    const std::string name = (*row)->name;
    auto found = account(name, signed_in);
    if (!found) {
        return std::move(found).error();
    }
    const Error wrong{
        ErrorCode::rule_broken, "current: this is not the present password", "current"};
    if (found->locked_until > 0) {
        return wrong;  // and no further failure: who is signed in must not lengthen the lock
    }
    if (Status proof = check_proof(*found, current); !proof) {
        // 401 would say that the session is over.
        if (const Error error = refuse(*found, name, signed_in, proof.error());
            error.reason != "bad_login") {
            return error;
        }
        return wrong;
    }
    auto hashed = hash(next, name);
    if (!hashed) {
        return std::move(hashed).error();
    }
    auto written = s_.core.write<int>([&](Transaction& tx) -> Result<int> {
        if (Status set = UserStore(s_.clock, s_.ids).set_password(tx, user, *hashed, keep); !set) {
            return std::move(set).error();
        }
        LoginFailures::clear(tx, name);
        record_audit(tx, audit(), viewer, {"user.password", "user", user.value});
        return 0;
    });
    return written ? Status{} : Status{std::move(written).error()};
}

Result<TotpSecret> LoginDesk::begin_totp(const Viewer& viewer, UserId user) {
    const std::string secret = s_.rng.bytes(totp_bytes);
    const std::string sealed = s_.vault.seal(CorpId{}, secret, totp_place(user));
    return s_.core.write<TotpSecret>([&](Transaction& tx) -> Result<TotpSecret> {
        const auto row = UserStore::find(tx, user);
        if (!row || row->totp) {
            return Error{
                ErrorCode::conflict, "one-time codes are on already; remove them first", "totp_on"};
        }
        UserStore::set_totp(tx, user, {sealed, false, 0});
        record_audit(tx, audit(), viewer, {"user.totp_begin", "user", user.value});
        return TotpSecret{totp::base32(secret), totp::uri(secret, issuer, row->name)};
    });
}

Status LoginDesk::confirm_totp(const Viewer& viewer, UserId user, std::string_view code) {
    auto done = s_.core.write<int>([&](Transaction& tx) -> Result<int> {
        const TotpState totp = UserStore::totp_of(tx, user);
        if (totp.sealed.empty() || totp.on) {
            return Error{
                ErrorCode::conflict,
                "there is no secret that waits for its code",
                "totp_not_begun"};
        }
        auto secret = secret_of(user, totp);
        if (!secret) {
            return std::move(secret).error();
        }
        const auto step = totp::match(*secret, code, s_.clock.now(), totp.step);
        if (!step) {
            return Error{
                ErrorCode::rule_broken,
                "code: is not the one of now; check the clocks of phone and server",
                "code"};
        }
        UserStore::set_totp(tx, user, {totp.sealed, true, *step});
        record_audit(tx, audit(), viewer, {"user.totp_on", "user", user.value});
        return 0;
    });
    return done ? Status{} : Status{std::move(done).error()};
}

Status LoginDesk::remove_totp(const Viewer& viewer, UserId user, std::string_view code) {
    auto row = s_.core.read<std::optional<User>>([&](Snapshot& s) -> Result<std::optional<User>> {
        return UserStore::find(s, user);
    });
    if (!row || !*row) {
        return row ? Status{Error{ErrorCode::not_found, "no such user"}} : Status{row.error()};
    }
    auto found = account((*row)->name, signed_in);
    if (!found) {
        return std::move(found).error();
    }
    const Error wrong{ErrorCode::rule_broken, "code: is wrong or was used", "code"};
    if (found->locked_until > 0) {
        return wrong;
    }
    if (auto step = check_code(*found, code); !step) {
        const Error error = refuse(*found, (*row)->name, signed_in, std::move(step).error());
        return error.code == ErrorCode::unauthenticated ? wrong : error;
    }
    auto done = s_.core.write<int>([&](Transaction& tx) -> Result<int> {
        UserStore::set_totp(tx, user, {});
        record_audit(tx, audit(), viewer, {"user.totp_off", "user", user.value});
        return 0;
    });
    return done ? Status{} : Status{std::move(done).error()};
}

}  // namespace leadbridge::crm
