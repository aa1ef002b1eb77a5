#pragma once
// What the files of contact_query and lead_query share. Private to them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "crm/nurture/condition_sql.h"
#include "crm/nurture/contact_query.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {

// " IN (1, 2, 3)" with the values bound.
template <class T>
void append_in(SqlText& sql, const std::vector<T>& values) {
    sql.add(" IN (");
    for (std::size_t i = 0; i < values.size(); ++i) {
        sql.add(i == 0 ? "?" : ",?").bind(static_cast<std::int64_t>(values[i]));
    }
    sql.add(")");
}

inline void append_clause(SqlText& sql, const Clause& clause) {
    if (!clause.sql.empty()) {
        sql.add(" AND ").add(clause.sql);
        for (const std::int64_t param : clause.params) {
            sql.bind(param);
        }
    }
}

// " AND (...)" over `contact c`: part of the name or of a remark, or a whole phone, e-mail or id.
void append_search(SqlText& sql, const Viewer& viewer, const std::string& q);

// The contact columns that ContactRow is read from, over `contact c`, and how.
extern const std::string_view contact_row_columns;
Contact read_contact_row(const Row& row);
// Names, tags and remarks.
void complete_rows(Snapshot& s, const Viewer& viewer, std::vector<ContactRow>& rows);

}  // namespace leadbridge::crm
