#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view same_departments =
    "SELECT b.member_id FROM member_department a JOIN member_department b ON b.corp_id = a.corp_id "
    "AND b.department_id = a.department_id WHERE a.corp_id = ? AND a.member_id = ?";

constexpr std::string_view subtree =
    "WITH RECURSIVE below(id) AS (SELECT department_id FROM member_department WHERE corp_id = ? "
    "AND member_id = ? UNION SELECT d.id FROM department d JOIN below ON d.parent = below.id "
    "WHERE d.corp_id = ?) SELECT m.member_id FROM member_department m JOIN below ON "
    "m.department_id = below.id WHERE m.corp_id = ?";

}  // namespace

Clause member_clause(const Viewer& viewer, std::string_view column) {
    const std::string name(column);
    const std::int64_t corp = viewer.corp.value;
    const std::int64_t self = viewer.member.value;
    if (viewer.scope == Scope::all) {
        return {};
    }
    if (self == 0) {
        return {"(1 = 0)", {}};
    }
    // The member itself always counts: it may stand in no department.
    switch (viewer.scope) {
        case Scope::team:
        case Scope::department:
            return {
                "(" + name + " = ? OR " + name + " IN (" + std::string(same_departments) + "))",
                {self, corp, self}};
        case Scope::subtree:
            return {
                "(" + name + " = ? OR " + name + " IN (" + std::string(subtree) + "))",
                {self, corp, self, corp, corp}};
        case Scope::self:
        case Scope::all:
            break;
    }
    return {"(" + name + " = ?)", {self}};
}

Clause contact_clause(
    const Viewer& viewer, std::string_view contact_id_column, std::string_view owner_column
) {
    const Clause owner = member_clause(viewer, owner_column);
    if (owner.sql.empty()) {
        return {};
    }
    const Clause friends = member_clause(viewer, "vf.member_id");
    Clause out;
    out.sql = "(" + owner.sql +
              " OR EXISTS (SELECT 1 FROM follow vf WHERE vf.corp_id = ? AND vf.contact_id = " +
              std::string(contact_id_column) + " AND " + friends.sql + "))";
    out.params = owner.params;
    out.params.push_back(viewer.corp.value);
    out.params.insert(out.params.end(), friends.params.begin(), friends.params.end());
    return out;
}

bool sees_member(Snapshot& s, const Viewer& viewer, MemberId member) {
    const Clause clause = member_clause(viewer, "m.id");
    std::vector<Param> params{viewer.corp, member};
    params.insert(params.end(), clause.params.begin(), clause.params.end());
    std::string sql = "SELECT 1 FROM member m WHERE m.corp_id = ? AND m.id = ?";
    if (!clause.sql.empty()) {
        sql += " AND " + clause.sql;
    }
    bool found = false;
    s.each(sql, Params{params}, [&](const Row&) {
        found = true;
        return Visit::stop;
    });
    return found;
}

}  // namespace leadbridge::crm
