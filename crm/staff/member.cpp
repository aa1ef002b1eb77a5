#include "crm/staff/member.h"

#include "crm/staff/query.h"
#include "crm/staff/session.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view member_columns =
    "SELECT m.id, m.corp_id, m.userid, m.name, m.status, m.customer_contact, m.updated_ms FROM "
    "member m";

Member read_member(const Row& row) {
    Member m;
    m.id = row.id<MemberId>(0);
    m.corp = row.id<CorpId>(1);
    m.userid = row.str(2);
    m.name = row.str(3);
    m.status = static_cast<MemberStatus>(row.integer(4));
    m.customer_contact = row.flag(5);
    m.updated_ms = row.integer(6);
    return m;
}

void load_departments(Snapshot& s, Member& member) {
    member.departments = s.all(
        "SELECT department_id FROM member_department WHERE corp_id = ? AND member_id = ? ORDER BY "
        "department_id",
        {member.corp, member.id},
        [](const Row& row) { return row.integer(0); }
    );
}

void replace_departments(
    Transaction& tx, CorpId corp, MemberId member, const std::vector<std::int64_t>& departments
) {
    tx.execute("DELETE FROM member_department WHERE corp_id = ? AND member_id = ?", {corp, member});
    for (const std::int64_t department : departments) {
        tx.execute(
            "INSERT INTO member_department(corp_id, member_id, department_id) VALUES(?,?,?) "
            "ON CONFLICT(corp_id, member_id, department_id) DO NOTHING",
            {corp, member, department}
        );
    }
}

}  // namespace

std::string userid_key(std::string_view userid) {
    std::string out;
    out.reserve(userid.size());
    for (const char c : userid) {
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            continue;  // a userid has none
        }
        out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    return out;
}

MemberId MemberStore::find_userid(Snapshot& s, CorpId corp, std::string_view userid) {
    const std::string key = userid_key(userid);
    return MemberId{
        s.number("SELECT id FROM member WHERE corp_id = ? AND user_key = ?", {corp, key})};
}

MemberId MemberStore::ensure(Transaction& tx, CorpId corp, std::string_view userid) {
    const std::string key = userid_key(userid);
    if (key.empty()) {
        return {};
    }
    if (const MemberId known = find_userid(tx, corp, key)) {
        return known;
    }
    const auto id = ids_.next_as<MemberId>();
    tx.execute(
        "INSERT INTO member(id, corp_id, user_key, userid, name, status, customer_contact, "
        "updated_ms) "
        "VALUES(?,?,?,?,'',?,0,?)",
        {id, corp, key, userid, MemberStatus::unknown, clock_.now()}
    );
    tx.changed({corp, "member", id.value, "created"});
    return id;
}

MemberId MemberStore::put(Transaction& tx, CorpId corp, const MemberFact& fact) {
    const MemberId id = ensure(tx, corp, fact.userid);
    if (!id) {
        return id;
    }
    const auto old = find(tx, corp, id);
    tx.execute(
        "UPDATE member SET userid = ?, name = ?, status = ?, customer_contact = ?, updated_ms = ? "
        "WHERE corp_id = ? AND id = ?",
        {fact.userid,
         fact.name.value_or(old->name),
         fact.status.value_or(old->status),
         fact.customer_contact.value_or(old->customer_contact),
         clock_.now(),
         corp,
         id}
    );
    if (!may_sign_in(fact.status.value_or(old->status))) {
        SessionStore::end_member(tx, corp, id);
    }
    if (fact.departments && *fact.departments != old->departments) {
        replace_departments(tx, corp, id, *fact.departments);
    }
    tx.changed({corp, "member", id.value, "updated"});
    return id;
}

void MemberStore::rename(
    Transaction& tx, CorpId corp, std::string_view old_userid, std::string_view new_userid
) {
    const MemberId member = find_userid(tx, corp, old_userid);
    const MemberId taken = find_userid(tx, corp, new_userid);
    if (!member || (taken && taken != member)) {
        ensure(tx, corp, new_userid);
        if (member) {
            set_left(tx, corp, old_userid);
        }
        return;
    }
    const std::string key = userid_key(new_userid);
    if (key.empty()) {
        return;
    }
    tx.execute(
        "UPDATE member SET user_key = ?, userid = ?, updated_ms = ? WHERE corp_id = ? AND id = ?",
        {key, new_userid, clock_.now(), corp, member}
    );
    tx.changed({corp, "member", member.value, "updated"});
}

void MemberStore::set_left(Transaction& tx, CorpId corp, std::string_view userid) {
    const MemberId member = find_userid(tx, corp, userid);
    if (!member) {
        return;
    }
    tx.execute(
        "UPDATE member SET status = ?, customer_contact = 0, updated_ms = ? WHERE corp_id = ? AND "
        "id = ?",
        {MemberStatus::left, clock_.now(), corp, member}
    );
    tx.execute("DELETE FROM member_department WHERE corp_id = ? AND member_id = ?", {corp, member});
    SessionStore::end_member(tx, corp, member);
    tx.changed({corp, "member", member.value, "updated"});
}

void MemberStore::put_department(Transaction& tx, CorpId corp, const Department& department) {
    // An event carries only what changed: an empty name or parent 0 keeps what is known.
    tx.execute(
        "INSERT INTO department(corp_id, id, name, parent) VALUES(?,?,?,?) ON CONFLICT(corp_id, "
        "id) "
        "DO UPDATE SET name = CASE WHEN excluded.name = '' THEN department.name ELSE excluded.name "
        "END, "
        "parent = CASE WHEN excluded.parent = 0 THEN department.parent ELSE excluded.parent END",
        {corp, department.id, department.name, department.parent}
    );
    tx.changed({corp, "department", department.id, "updated"});
}

void MemberStore::remove_department(Transaction& tx, CorpId corp, std::int64_t id) {
    tx.execute("DELETE FROM department WHERE corp_id = ? AND id = ?", {corp, id});
    tx.execute("DELETE FROM member_department WHERE corp_id = ? AND department_id = ?", {corp, id});
    tx.changed({corp, "department", id, "deleted"});
}

std::optional<Member> MemberStore::find(Snapshot& s, CorpId corp, MemberId id) {
    auto member =
        Query(member_columns).where("m.corp_id = ? AND m.id = ?", {corp, id}).one(s, read_member);
    if (member) {
        load_departments(s, *member);
    }
    return member;
}

std::string MemberStore::userid_of(Snapshot& s, CorpId corp, MemberId id) {
    return s
        .one(
            "SELECT userid FROM member WHERE corp_id = ? AND id = ?",
            {corp, id},
            [](const Row& row) { return row.str(0); }
        )
        .value_or("");
}

PageOf<Member> MemberStore::list(Snapshot& s, const Viewer& viewer, const Page& page) {
    Query query(member_columns);
    query.where("m.corp_id = ?", {viewer.corp}).where(member_clause(viewer, "m.id"));
    auto out =
        page_of(s, query, "m.id", page, read_member, [](const Member& m) { return m.id.value; });
    for (Member& member : out.items) {
        load_departments(s, member);
    }
    return out;
}

std::vector<Department> MemberStore::departments(Snapshot& s, const Viewer& viewer) {
    return s.all(
        "SELECT id, name, parent FROM department WHERE corp_id = ? ORDER BY id",
        {viewer.corp},
        [](const Row& row) {
            return Department{row.integer(0), row.str(1), row.integer(2)};
        }
    );
}

}  // namespace leadbridge::crm
