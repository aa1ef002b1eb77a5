#pragma once
// How many leads there are by status, exact and in sight of a viewer. Counting a large company
// reads an index of all its leads, so what was counted is kept: a count that took long is made anew
// more seldom, so that counting never takes more than a fiftieth of a core. A small company's
// numbers are always those of now, a million leads' some seconds old.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/database.h"
#include "base/guarded.h"
#include "crm/leads/lead.h"

namespace leadbridge::crm {

inline constexpr std::size_t lead_statuses = 5;
using LeadCounts = std::array<std::int64_t, lead_statuses>;  // by LeadStatus

// Thread-safe. The database outlives it.
class LeadStock {
public:
    LeadStock(Database& core, const Clock& clock) : core_(core), clock_(clock) {}

    // Of every lead the viewer sees.
    Result<LeadCounts> of(const Viewer& viewer);
    // Of one owner, whom the viewer may see.
    Result<LeadCounts> of(const Viewer& viewer, MemberId owner);

private:
    using ByOwner = std::map<std::int64_t, LeadCounts>;

    struct Counted {
        std::shared_ptr<const ByOwner> by_owner;
        std::int64_t at_change = 0;
        std::int64_t fresh_until = 0;  // steady ms
    };

    Result<std::shared_ptr<const ByOwner>> counted(CorpId corp);

    Database& core_;
    const Clock& clock_;
    std::mutex counting_;  // one count at a time
    Guarded<std::map<std::int64_t, Counted>> corps_;
};

}  // namespace leadbridge::crm
