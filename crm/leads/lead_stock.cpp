#include "crm/leads/lead_stock.h"

#include <utility>

#include "crm/staff/query.h"

namespace leadbridge::crm {

namespace {

constexpr std::int64_t share_of_a_core = 50;

void add(LeadCounts& sum, const LeadCounts& more) {
    for (std::size_t i = 0; i < sum.size(); ++i) {
        sum[i] += more[i];
    }
}

}  // namespace

Result<std::shared_ptr<const LeadStock::ByOwner>> LeadStock::counted(CorpId corp) {
    const auto kept = [&](std::int64_t change) -> std::shared_ptr<const ByOwner> {
        auto corps = corps_.lock();
        const auto found = corps->find(corp.value);
        if (found == corps->end() || (found->second.at_change != change &&
                                      found->second.fresh_until <= clock_.steady_ms())) {
            return nullptr;
        }
        return found->second.by_owner;
    };
    if (auto known = kept(core_.stats().last_change)) {
        return known;
    }
    const std::lock_guard one_at_a_time(counting_);
    const std::int64_t change = core_.stats().last_change;
    if (auto known = kept(change)) {  // by whoever counted while we waited
        return known;
    }
    const std::int64_t began = clock_.steady_ms();
    auto by_owner = core_.read<ByOwner>([&](Snapshot& s) -> Result<ByOwner> {
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
    if (!by_owner) {
        return std::move(by_owner).error();
    }
    const std::int64_t now = clock_.steady_ms();
    Counted made{
        std::make_shared<const ByOwner>(std::move(*by_owner)),
        change,
        now + (now - began) * share_of_a_core};
    auto out = made.by_owner;
    corps_.lock()->insert_or_assign(corp.value, std::move(made));
    return out;
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
    auto members = core_.read<std::vector<std::int64_t>>([&](Snapshot& s) {
        Query query("SELECT m.id FROM member m");
        query.where("m.corp_id = ?", {viewer.corp}).where(member_clause(viewer, "m.id"));
        return Result<std::vector<std::int64_t>>(query.all(s, [](const Row& row) {
            return row.integer(0);
        }));
    });
    if (!members) {
        return std::move(members).error();
    }
    if (viewer.member) {  // as lead_clause() has it
        members->push_back(0);
    }
    for (const std::int64_t owner : *members) {
        if (const auto found = (*all)->find(owner); found != (*all)->end()) {
            add(out, found->second);
        }
    }
    return out;
}

Result<LeadCounts> LeadStock::of(const Viewer& viewer, MemberId owner) {
    auto all = counted(viewer.corp);
    if (!all) {
        return std::move(all).error();
    }
    const auto found = (*all)->find(owner.value);
    return found == (*all)->end() ? LeadCounts{} : found->second;
}

}  // namespace leadbridge::crm
