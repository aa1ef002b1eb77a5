#include "crm/nurture/tag_bitmaps.h"

#include <algorithm>
#include <atomic>
#include <map>

#include "base/guarded.h"
#include "crm/nurture/contact_sets.h"

namespace leadbridge::crm {

struct TagBitmaps::State {
    State(Database& database, const Clock& its_clock, TagBitmapsOptions its_options)
        : core(database), clock(its_clock), options(its_options) {}

    struct Corp {
        explicit Corp(CorpId corp) : sets(ContactSets(corp)) {}

        Guarded<ContactSets> sets;
        std::atomic<std::size_t> bytes{0};
        std::atomic<std::int64_t> used_ms{0};  // steady
    };

    Database& core;
    const Clock& clock;
    const TagBitmapsOptions options;
    // Shared by the map and whoever is using a corp while it is dropped.
    Guarded<std::map<CorpId, std::shared_ptr<Corp>>> corps;
    std::atomic<int> rebuilds{0};

    std::shared_ptr<Corp> corp_of(CorpId id) {
        auto lock = corps.lock();
        std::shared_ptr<Corp>& corp = (*lock)[id];
        if (!corp) {
            corp = std::make_shared<Corp>(id);
        }
        return corp;
    }

    // Runs fn on the corp's sets, which are at the end of the log.
    template <class F>
    auto with(CorpId id, F fn) {
        std::shared_ptr<Corp> corp = corp_of(id);
        auto sets = corp->sets.lock();
        const std::int64_t now = clock.steady_ms();
        const bool idle = now - corp->used_ms.load() > options.max_idle_ms;
        if (!sets->built() || idle || !sets->catch_up(core, options.rebuild_after)) {
            sets->build(core);
            ++rebuilds;
            if (!sets->catch_up(core, options.rebuild_after)) {
                sets->build(core);  // a corp under heavy import: as new as a build can be
            }
            corp->bytes = sets->bytes();
        }
        corp->used_ms = now;
        auto result = fn(*sets);
        drop_others(id);
        return result;
    }

    void drop_others(CorpId keep) {
        auto lock = corps.lock();
        std::size_t total = 0;
        for (const auto& [id, corp] : *lock) {
            total += corp->bytes.load();
        }
        while (total > options.max_bytes && lock->size() > 1) {
            auto oldest = lock->end();
            for (auto at = lock->begin(); at != lock->end(); ++at) {
                if (at->first != keep &&
                    (oldest == lock->end() ||
                     at->second->used_ms.load() < oldest->second->used_ms.load())) {
                    oldest = at;
                }
            }
            total -= std::min(total, oldest->second->bytes.load());
            lock->erase(oldest);
        }
    }
};

TagBitmaps::TagBitmaps(Database& core, const Clock& clock, TagBitmapsOptions options)
    : state_(std::make_unique<State>(core, clock, options)) {}

TagBitmaps::~TagBitmaps() = default;

OrdSet TagBitmaps::select(CorpId corp, const Condition& condition) {
    return state_->with(corp, [&](const ContactSets& sets) {
        return sets.select(state_->core, condition, state_->clock.now());
    });
}

OrdSet TagBitmaps::of_members(CorpId corp, const std::vector<std::int64_t>& members) {
    return state_->with(corp, [&](const ContactSets& sets) { return sets.of_members(members); });
}

OrdSet TagBitmaps::of_channels(CorpId corp, const std::vector<std::int64_t>& channels) {
    return state_->with(corp, [&](const ContactSets& sets) { return sets.of_channels(channels); });
}

OrdSet TagBitmaps::with_characters(CorpId corp, std::string_view folded) {
    return state_->with(corp, [&](const ContactSets& sets) {
        return sets.columns().with_characters(folded);
    });
}

std::vector<TouchedOrd> TagBitmaps::nearest(CorpId corp, const OrdSet& set, const TouchWalk& walk) {
    return state_->with(corp, [&](const ContactSets& sets) {
        return sets.columns().nearest(set, walk);
    });
}

std::uint64_t TagBitmaps::count(CorpId corp, const Condition& condition) {
    return select(corp, condition).count();
}

std::int64_t TagBitmaps::wait_until(CorpId corp, std::int64_t n) {
    // Committed changes are in every snapshot opened after: one pass reaches n.
    const std::int64_t reached =
        state_->with(corp, [](const ContactSets& sets) { return sets.cursor(); });
    if (reached < n) {
        throw DatabaseError(
            "contact bitmaps: change " + std::to_string(n) + " is not in the log, which ends at " +
            std::to_string(reached)
        );
    }
    return reached;
}

std::size_t TagBitmaps::bytes() const {
    std::size_t total = 0;
    for (const auto& [id, corp] : *state_->corps.lock()) {
        total += corp->bytes.load();
    }
    return total;
}

int TagBitmaps::corps() const {
    return static_cast<int>(state_->corps.lock()->size());
}

int TagBitmaps::rebuilds() const {
    return state_->rebuilds.load();
}

}  // namespace leadbridge::crm
