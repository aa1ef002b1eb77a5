#pragma once
// People who sign in to the console: local accounts and what WeCom's sign-in made. A user of corp 0
// works for the whole machine; one with a member belongs to that member's corp and ends with it:
// when the member leaves, is disabled or goes, no session of theirs resolves any more.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/result.h"
#include "crm/staff/member.h"
#include "crm/staff/page.h"
#include "crm/staff/permission.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

using UserId = Id<struct UserTag>;
using SessionId = Id<struct SessionTag>;

struct User {
    UserId id;
    CorpId corp;       // 0 = the whole machine
    std::string name;  // unique without regard to ASCII case
    Role role = Role::readonly;
    std::optional<Scope> scope;  // nullopt = the role's
    MemberId member;             // 0 = none
    bool password = false;       // has one
    bool totp = false;           // asks for a code
    bool provisioned = false;    // made by WeCom's sign-in from a department's role
    bool disabled = false;
    UnixMillis created_ms = 0;
    UnixMillis seen_ms = 0;  // last sign-in; 0 = never
    std::int64_t version = 0;

    Scope sees() const noexcept { return scope.value_or(scope_of(role, member)); }
};

struct UserEdit {
    std::string name;
    Role role = Role::readonly;
    CorpId corp;
    MemberId member;
    std::optional<Scope> scope;
    bool provisioned = false;
};

struct UserPatch {  // absent = unchanged
    std::optional<Role> role;
    std::optional<CorpId> corp;
    std::optional<MemberId> member;
    std::optional<std::optional<Scope>> scope;
    std::optional<bool> disabled;
};

struct TotpState {
    std::string sealed;     // the secret; "" = none
    bool on = false;        // confirmed: sign-ins ask for a code
    std::int64_t step = 0;  // of the newest code that was taken; none at or before it is
};

class UserStore {
public:
    UserStore(const Clock& clock, IdSource& ids) : clock_(clock), ids_(ids) {}

    // Error{conflict} reason user_name_taken; Error{rule_broken} names the field.
    Result<UserId> create(Transaction& tx, const UserEdit& edit);
    // Error{stale}, {not_found}; {conflict} reason last_admin when no active admin of the whole
    // machine would stay. A disabled user loses every session; another role or corp counts from the
    // next request on.
    Status patch(
        Transaction& tx, UserId id, const UserPatch& patch, std::optional<std::int64_t> if_version
    );
    Status remove(Transaction& tx, UserId id);
    // The text of base/crypto's scrypt as hash_password() made it; ends every session but `keep`.
    Status set_password(Transaction& tx, UserId id, std::string_view hash, SessionId keep);
    void signed_in(Transaction& tx, UserId id);
    static void set_totp(Transaction& tx, UserId id, const TotpState& totp);
    // Takes a code's step; false when it or a later one was taken meanwhile.
    static bool take_totp(Transaction& tx, UserId id, std::int64_t step);
    static TotpState totp_of(Snapshot& s, UserId id);

    static std::optional<User> find(Snapshot& s, UserId id);
    static std::optional<User> find_name(Snapshot& s, std::string_view name);
    static std::optional<User> find_member(Snapshot& s, CorpId corp, MemberId member);
    // corp 0 = all.
    static PageOf<User> list(Snapshot& s, CorpId corp, const Page& page);
    static std::string password_of(Snapshot& s, UserId id);  // "" = none
    // An admin of the whole machine that can sign in.
    static bool has_admin(Snapshot& s);

private:
    const Clock& clock_;
    IdSource& ids_;
};

// Which role members of a department get who sign in without a user. The nearest department counts,
// then the one that may more.
struct DepartmentRole {
    std::int64_t department = 0;
    Role role = Role::readonly;
};

std::vector<DepartmentRole> department_roles(Snapshot& s, CorpId corp);
Status put_department_roles(Transaction& tx, CorpId corp, const std::vector<DepartmentRole>& roles);
std::optional<Role> role_by_department(Snapshot& s, CorpId corp, MemberId member);

}  // namespace leadbridge::crm
