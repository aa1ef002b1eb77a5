#include "crm/leads/lead_stock.h"

#include <algorithm>
#include <utility>

#include "crm/staff/query.h"

namespace leadbridge::crm {

namespace {

void add(LeadCounts& sum, const LeadCounts& more) {
    for (std::size_t i = 0; i < sum.size(); ++i) {
        sum[i] += more[i];
    }
}

}  // namespace

Result<std::shared_ptr<const LeadStock::ByOwner>> LeadStock::counted(CorpId corp) {
    return by_owner_.of(corp.value, [&] {
        return core_.read<ByOwner>([&](Snapshot& s) -> Result<ByOwner> {
            ByOwner out;
            s.each(
                "SELECT owner, status, COUNT(*) FROM lead WHERE corp_id = ? GROUP BY owner, status",
                {corp},
                [&](const Row& row) {
                    const auto status = static_cast<std::size_t>(row.integer(1));
                    if (status < lead_statuses) {
                        out[row.integer(0)][status] = row.integer(2);
                    }
                    return Visit::next;
                }
            );
            return out;
        });
    });
}

Result<std::vector<std::int64_t>> LeadStock::in_sight(const Viewer& viewer) const {
    auto members = core_.read<std::vector<std::int64_t>>([&](Snapshot& s) {
        Query query("SELECT m.id FROM member m");
        query.where("m.corp_id = ?", {viewer.corp}).where(member_clause(viewer, "m.id"));
        return Result<std::vector<std::int64_t>>(query.all(s, [](const Row& row) {
            return row.integer(0);
        }));
    });
    if (members && viewer.member) {  // as lead_clause() has it
        members->push_back(0);
    }
    return members;
}

Result<LeadCounts> LeadStock::of(const Viewer& viewer) {
    auto all = counted(viewer.corp);
    if (!all) {
        return std::move(all).error();
    }
    LeadCounts out{};
    if (viewer.scope == Scope::all) {
        for (const auto& [owner, counts] : **all) {
            add(out, counts);
        }
        return out;
    }
    auto owners = in_sight(viewer);
    if (!owners) {
        return std::move(owners).error();
    }
    for (const std::int64_t owner : *owners) {
        if (const auto found = (*all)->find(owner); found != (*all)->end()) {
            add(out, found->second);
        }
    }
    return out;
}

Result<LeadCounts> LeadStock::of(const Viewer& viewer, const std::vector<MemberId>& owners) {
    auto all = counted(viewer.corp);
    if (!all) {
        return std::move(all).error();
    }
    std::vector<std::int64_t> seen;
    if (viewer.scope != Scope::all) {
        auto sight = in_sight(viewer);
        if (!sight) {
            return std::move(sight).error();
        }
        seen = std::move(*sight);
    }
    std::vector<std::int64_t> asked;
    for (const MemberId owner : owners) {
        if (viewer.scope == Scope::all || std::ranges::find(seen, owner.value) != seen.end()) {
            asked.push_back(owner.value);
        }
    }
    std::ranges::sort(asked);
    asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
    LeadCounts out{};
    for (const std::int64_t owner : asked) {
        if (const auto found = (*all)->find(owner); found != (*all)->end()) {
            add(out, found->second);
        }
    }
    return out;
}

}  // namespace leadbridge::crm
