#pragma once
// How many leads there are by status, exact and in sight of a viewer. Counting a large company
// reads an index of all its leads, so what was counted is kept (base/kept.h): a small company's
// numbers are always those of now, a million leads' some seconds old.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/kept.h"
#include "crm/leads/lead.h"

namespace leadbridge::crm {

inline constexpr std::size_t lead_statuses = 5;
using LeadCounts = std::array<std::int64_t, lead_statuses>;  // by LeadStatus

// Thread-safe. The database outlives it.
class LeadStock {
public:
    LeadStock(Database& core, const Clock& clock) : core_(core), by_owner_(core, clock, most) {}

    // Of every lead the viewer sees.
    Result<LeadCounts> of(const Viewer& viewer);
    // Of these owners, as far as the viewer sees their leads; MemberId{}: of nobody.
    Result<LeadCounts> of(const Viewer& viewer, const std::vector<MemberId>& owners);

private:
    static constexpr std::size_t most = 1'000;  // corps

    using ByOwner = std::map<std::int64_t, LeadCounts>;

    Result<std::shared_ptr<const ByOwner>> counted(CorpId corp);
    // Whose leads the viewer sees; not asked where it sees all.
    Result<std::vector<std::int64_t>> in_sight(const Viewer& viewer) const;

    Database& core_;
    Kept<std::int64_t, ByOwner> by_owner_;
};

}  // namespace leadbridge::crm
