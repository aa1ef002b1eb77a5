#pragma once
// Bitmaps over contact.ord, per corp: one per tag, owner, friend, stage, lead status and channel,
// and columns beside them. They answer counts and whole audiences, and where pages begin. A cache,
// never the truth: built when first asked for, then brought to the end of the change log (topics
// contact, lead, tag, timeline) before every answer, so an answer includes everything committed
// before the call.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/result.h"
#include "crm/nurture/condition.h"
#include "crm/nurture/contact_columns.h"
#include "crm/nurture/ord_set.h"

namespace leadbridge::crm {

struct TagBitmapsOptions {
    std::size_t max_bytes = std::size_t{128}
                            << 20;  // least recently used corps are dropped above it
    int rebuild_after = 20'000;     // contacts to look at again; above it everything is read anew
    std::int64_t max_idle_ms =
        3'600'000;  // a corp not asked for so long is read anew: the log may have been trimmed
};

// Thread-safe. Calls for one corp wait for each other (a first call reads the whole corp), calls
// for several corps do not.
class TagBitmaps {
public:
    TagBitmaps(Database& core, const Clock& clock, TagBitmapsOptions options = {});
    ~TagBitmaps();

    // Live contacts (not merged away) that the condition holds for. Segment terms must have been
    // expanded (segment.h). Terms without a bitmap are answered by SQL and intersected.
    OrdSet select(CorpId corp, const Condition& condition);
    std::uint64_t count(CorpId corp, const Condition& condition);
    // Live contacts that any of these members owns, or is or was a friend of.
    OrdSet of_members(CorpId corp, const std::vector<std::int64_t>& members);
    // Live contacts that came by any of these channels, or have a lead that began there.
    OrdSet of_channels(CorpId corp, const std::vector<std::int64_t>& channels);
    // See contact_columns.h. The text is folded (contact_text.h).
    OrdSet with_characters(CorpId corp, std::string_view folded);
    std::vector<TouchedOrd> nearest(CorpId corp, const OrdSet& set, const TouchWalk& walk);

    // Returns when the corp's bitmaps include change n of the core database's log; answers their
    // cursor. n must be committed.
    std::int64_t wait_until(CorpId corp, std::int64_t n);

    std::size_t bytes() const;
    int corps() const;  // in memory
    int rebuilds() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::crm
