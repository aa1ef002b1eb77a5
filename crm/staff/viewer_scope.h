#pragma once
// What a Viewer may see, as SQL. Team and department are the departments the member belongs to
// directly; subtree adds all below them. A service (member 0) with a scope below all sees nothing.

#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

// A condition and the integers for its `?`, in order. The sql is in brackets or empty ("" =
// everything is visible).
struct Clause {
    std::string sql;
    std::vector<std::int64_t> params;
};

// `column` holds a member's id and must lie within the viewer's scope.
Clause member_clause(const Viewer& viewer, std::string_view column);
// `column` holds a contact's id: the contact is owned by, or is or was a friend of, a member in
// scope. The table with that column must have corp_id narrowed already.
Clause contact_clause(
    const Viewer& viewer, std::string_view contact_id_column, std::string_view owner_column
);

bool sees_member(Snapshot& s, const Viewer& viewer, MemberId member);

}  // namespace leadbridge::crm
