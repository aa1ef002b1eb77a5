#include "crm/staff/user.h"

#include <algorithm>

#include "base/utf8.h"
#include "crm/staff/list_text.h"
#include "crm/staff/query.h"
#include "crm/staff/session.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view user_columns =
    "SELECT u.id, u.corp_id, u.name, u.role, u.scope, u.member_id, u.password <> '', u.totp_on, "
    "u.provisioned, u.disabled, u.created_ms, u.seen_ms, u.version FROM user_account u";
constexpr std::int64_t no_scope = -1;
constexpr std::size_t max_name = 60;

User read_user(const Row& row) {
    User u;
    u.id = row.id<UserId>(0);
    u.corp = row.id<CorpId>(1);
    u.name = row.str(2);
    u.role = static_cast<Role>(row.integer(3));
    if (row.integer(4) != no_scope) {
        u.scope = static_cast<Scope>(row.integer(4));
    }
    u.member = row.id<MemberId>(5);
    u.password = row.flag(6);
    u.totp = row.flag(7);
    u.provisioned = row.flag(8);
    u.disabled = row.flag(9);
    u.created_ms = row.integer(10);
    u.seen_ms = row.integer(11);
    u.version = row.integer(12);
    return u;
}

std::int64_t scope_column(const std::optional<Scope>& scope) {
    return scope ? static_cast<std::int64_t>(*scope) : no_scope;
}

Status check_name(std::string_view name) {
    const bool printable = std::none_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    if (name.empty() || !is_utf8(name) || characters(name) > max_name || !printable ||
        name.front() == ' ' || name.back() == ' ') {
        return Error{
            ErrorCode::rule_broken,
            "name: must be 1 to 60 characters without spaces at its ends",
            "name"};
    }
    return {};
}

Status check_place(Snapshot& s, const User& user) {
    if (!user.member) {
        if (user.sees() != Scope::all) {
            return Error{
                ErrorCode::rule_broken,
                "member: who sees less than all needs a member of the corp to see through",
                "member"};
        }
        return {};
    }
    if (!user.corp) {
        return Error{
            ErrorCode::rule_broken, "corp: a user with a member belongs to its corp", "corp"};
    }
    if (!MemberStore::find(s, user.corp, user.member)) {
        return Error{ErrorCode::rule_broken, "member: there is no such member", "member"};
    }
    const auto taken = UserStore::find_member(s, user.corp, user.member);
    if (taken && taken->id != user.id) {
        return Error{
            ErrorCode::conflict,
            "this member is user \"" + taken->name + "\" already",
            "member_taken"};
    }
    return {};
}

bool is_machine_admin(const User& user) {
    return user.role == Role::admin && !user.corp && !user.disabled && user.password;
}

Status keep_an_admin(Snapshot& s, const User& before) {
    const bool another = s.exists(
        "SELECT 1 FROM user_account WHERE role = ? AND corp_id = 0 AND disabled = 0 AND "
        "password <> '' AND id <> ?",
        {Role::admin, before.id}
    );
    if (is_machine_admin(before) && !another) {
        return Error{
            ErrorCode::conflict,
            "this is the last admin who can sign in; make another one first",
            "last_admin"};
    }
    return {};
}

}  // namespace

Result<UserId> UserStore::create(Transaction& tx, const UserEdit& edit) {
    if (Status good = check_name(edit.name); !good) {
        return std::move(good).error();
    }
    User user;
    user.corp = edit.corp;
    user.role = edit.role;
    user.member = edit.member;
    user.scope = edit.scope;
    if (Status good = check_place(tx, user); !good) {
        return std::move(good).error();
    }
    if (find_name(tx, edit.name)) {
        return Error{
            ErrorCode::conflict, "a user of that name exists; choose another", "user_name_taken"};
    }
    const auto id = ids_.next_as<UserId>();
    tx.execute(
        "INSERT INTO user_account(id, corp_id, name, name_key, role, scope, member_id, password, "
        "totp_sealed, totp_on, totp_step, provisioned, disabled, created_ms, seen_ms, version) "
        "VALUES(?,?,?,?,?,?,?,'',?,0,0,?,0,?,0,1)",
        {id,
         edit.corp,
         edit.name,
         userid_key(edit.name),
         edit.role,
         scope_column(edit.scope),
         edit.member,
         Blob{},
         edit.provisioned,
         clock_.now()}
    );
    tx.changed({edit.corp, "user", id.value, "created"});
    return id;
}

Status UserStore::patch(
    Transaction& tx, UserId id, const UserPatch& patch, std::optional<std::int64_t> if_version
) {
    const auto before = find(tx, id);
    if (!before) {
        return Error{ErrorCode::not_found, "no such user", "user_unknown"};
    }
    if (if_version && *if_version != before->version) {
        return Error{ErrorCode::stale, "the user was changed meanwhile; read it again", "stale"};
    }
    User after = *before;
    after.role = patch.role.value_or(before->role);
    after.corp = patch.corp.value_or(before->corp);
    after.member = patch.member.value_or(before->member);
    after.scope = patch.scope.value_or(before->scope);
    after.disabled = patch.disabled.value_or(before->disabled);
    if (Status good = check_place(tx, after); !good) {
        return good;
    }
    if (!is_machine_admin(after)) {
        if (Status good = keep_an_admin(tx, *before); !good) {
            return good;
        }
    }
    tx.execute(
        "UPDATE user_account SET role = ?, corp_id = ?, member_id = ?, scope = ?, disabled = ?, "
        "provisioned = CASE WHEN ? <> 0 THEN 0 ELSE provisioned END, version = version + 1 WHERE "
        "id = ?",
        {after.role,
         after.corp,
         after.member,
         scope_column(after.scope),
         after.disabled,
         patch.role.has_value(),
         id}
    );
    if (after.disabled) {
        SessionStore::end_all(tx, id, SessionId{});
    }
    tx.changed({after.corp, "user", id.value, "updated"});
    return {};
}

Status UserStore::remove(Transaction& tx, UserId id) {
    const auto before = find(tx, id);
    if (!before) {
        return Error{ErrorCode::not_found, "no such user", "user_unknown"};
    }
    if (Status good = keep_an_admin(tx, *before); !good) {
        return good;
    }
    SessionStore::end_all(tx, id, SessionId{});
    tx.execute("DELETE FROM user_account WHERE id = ?", {id});
    tx.changed({before->corp, "user", id.value, "deleted"});
    return {};
}

Status UserStore::set_password(Transaction& tx, UserId id, std::string_view hash, SessionId keep) {
    const auto user = find(tx, id);
    if (!user) {
        return Error{ErrorCode::not_found, "no such user", "user_unknown"};
    }
    tx.execute(
        "UPDATE user_account SET password = ?, version = version + 1 WHERE id = ?", {hash, id}
    );
    SessionStore::end_all(tx, id, keep);
    tx.changed({user->corp, "user", id.value, "updated"});
    return {};
}

void UserStore::signed_in(Transaction& tx, UserId id) {
    tx.execute("UPDATE user_account SET seen_ms = ? WHERE id = ?", {clock_.now(), id});
}

void UserStore::set_totp(Transaction& tx, UserId id, const TotpState& totp) {
    tx.execute(
        "UPDATE user_account SET totp_sealed = ?, totp_on = ?, totp_step = ?, version = version + "
        "1 WHERE id = ?",
        {Blob{totp.sealed}, totp.on, totp.step, id}
    );
    tx.changed({CorpId{}, "user", id.value, "updated"});
}

bool UserStore::take_totp(Transaction& tx, UserId id, std::int64_t step) {
    return tx.execute(
               "UPDATE user_account SET totp_step = ? WHERE id = ? AND totp_step < ?",
               {step, id, step}
           ) == 1;
}

TotpState UserStore::totp_of(Snapshot& s, UserId id) {
    return s
        .one(
            "SELECT totp_sealed, totp_on, totp_step FROM user_account WHERE id = ?",
            {id},
            [](const Row& row) {
                return TotpState{std::string(row.blob(0)), row.flag(1), row.integer(2)};
            }
        )
        .value_or(TotpState{});
}

std::optional<User> UserStore::find(Snapshot& s, UserId id) {
    return Query(user_columns).where("u.id = ?", {id}).one(s, read_user);
}

std::optional<User> UserStore::find_name(Snapshot& s, std::string_view name) {
    const std::string key = userid_key(name);
    return Query(user_columns).where("u.name_key = ?", {key}).one(s, read_user);
}

std::optional<User> UserStore::find_member(Snapshot& s, CorpId corp, MemberId member) {
    if (!member) {
        return std::nullopt;
    }
    return Query(user_columns)
        .where("u.corp_id = ? AND u.member_id = ? AND u.member_id <> 0", {corp, member})
        .one(s, read_user);
}

PageOf<User> UserStore::list(Snapshot& s, CorpId corp, const Page& page) {
    Query query(user_columns);
    if (corp) {
        query.where("u.corp_id = ?", {corp});
    }
    return page_of(s, query, "u.id", page, read_user, [](const User& u) { return u.id.value; });
}

std::string UserStore::password_of(Snapshot& s, UserId id) {
    return s
        .one(
            "SELECT password FROM user_account WHERE id = ?",
            {id},
            [](const Row& row) { return row.str(0); }
        )
        .value_or("");
}

bool UserStore::has_admin(Snapshot& s) {
    return s.exists(
        "SELECT 1 FROM user_account WHERE role = ? AND corp_id = 0 AND disabled = 0 AND "
        "password <> ''",
        {Role::admin}
    );
}

std::vector<DepartmentRole> department_roles(Snapshot& s, CorpId corp) {
    return s.all(
        "SELECT department_id, role FROM department_role WHERE corp_id = ? ORDER BY department_id",
        {corp},
        [](const Row& row) {
            return DepartmentRole{row.integer(0), static_cast<Role>(row.integer(1))};
        }
    );
}

Status put_department_roles(
    Transaction& tx, CorpId corp, const std::vector<DepartmentRole>& roles
) {
    tx.execute("DELETE FROM department_role WHERE corp_id = ?", {corp});
    for (const DepartmentRole& role : roles) {
        if (!tx.exists(
                "SELECT 1 FROM department WHERE corp_id = ? AND id = ?", {corp, role.department}
            )) {
            return Error{
                ErrorCode::rule_broken, "department: there is no such department", "department"};
        }
        tx.execute(
            "INSERT INTO department_role(corp_id, department_id, role) VALUES(?,?,?) ON "
            "CONFLICT(corp_id, department_id) DO UPDATE SET role = excluded.role",
            {corp, role.department, role.role}
        );
    }
    tx.changed({corp, "role", 0, "updated"});
    return {};
}

std::optional<Role> role_by_department(Snapshot& s, CorpId corp, MemberId member) {
    // Depth is bounded: a tree that points at itself must not hang a sign-in.
    return s.one(
        "WITH RECURSIVE up(id, depth) AS (SELECT department_id, 0 FROM member_department WHERE "
        "corp_id = ? AND member_id = ? UNION SELECT d.parent, up.depth + 1 FROM department d JOIN "
        "up ON d.id = up.id WHERE d.corp_id = ? AND up.depth < 20) SELECT r.role FROM up JOIN "
        "department_role r ON r.corp_id = ? AND r.department_id = up.id ORDER BY up.depth, r.role "
        "LIMIT 1",
        {corp, member, corp, corp},
        [](const Row& row) { return static_cast<Role>(row.integer(0)); }
    );
}

}  // namespace leadbridge::crm
