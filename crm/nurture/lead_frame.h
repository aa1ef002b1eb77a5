#pragma once
// A question to the leads, as far as it is the same for every page and count of one call.
// .cpp files of this folder only.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crm/nurture/condition_sql.h"
#include "crm/nurture/contact_query_rows.h"
#include "crm/nurture/lead_query.h"
#include "crm/nurture/ord_set.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {

template <class I>
std::vector<std::int64_t> id_values(const std::vector<I>& ids) {
    std::vector<std::int64_t> out;
    for (const I& id : ids) {
        out.push_back(id.value);
    }
    return out;
}

struct LeadQueries::Frame {
    std::string hash;
    std::optional<OrdSet> contacts;                   // absent: any
    std::optional<std::vector<std::int64_t>> owners;  // absent: any in sight
    Clause sight;  // when owners say less than the viewer's scope

    bool among(std::uint32_t ord) const { return !contacts || contacts->contains(ord); }

    // One status, and one owner when they are walked apart.
    void append_place(SqlText& sql, CorpId corp, LeadStatus status, std::int64_t owner) const {
        sql.add(" WHERE l.corp_id = ? AND l.status = ?").bind(corp.value);
        sql.bind(static_cast<std::int64_t>(status));
        if (owners) {
            sql.add(" AND l.owner = ?").bind(owner);
        }
        append_clause(sql, sight);
    }

    std::vector<std::int64_t> walks() const {
        return owners ? *owners : std::vector<std::int64_t>{-1};
    }
};

// The statuses asked for, in their order.
std::vector<LeadStatus> statuses(const LeadFind& find);
// " AND ..." of what narrows beside status and owner: channel, source, stage.
void append_filters(SqlText& sql, const LeadFind& find);

}  // namespace leadbridge::crm
