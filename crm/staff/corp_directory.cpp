#include <mutex>
#include <unordered_map>

#include "base/guarded.h"
#include "crm/staff/change_follower.h"
#include "crm/staff/corp.h"

namespace leadbridge::crm {

struct CorpDirectory::State {
    struct Index {
        std::vector<Ptr> all;
        std::unordered_map<CorpId, Ptr> by_id;
        std::unordered_map<std::string, Ptr> by_wecom_id;
    };

    State(Database& d, CorpStore& s) : db(d), store(s) {}

    void refresh() {
        const std::lock_guard one(refreshing);  // an older reading never replaces a newer one
        const auto corps =
            db.read<std::vector<Corp>>([&](Snapshot& s) -> Result<std::vector<Corp>> {
                return store.list(s);
            });
        auto fresh = std::make_shared<Index>();
        for (const Corp& corp : *corps) {
            Ptr ptr = std::make_shared<const Corp>(corp);
            fresh->all.push_back(ptr);
            fresh->by_wecom_id.emplace(corp.wecom_id, ptr);
            fresh->by_id.emplace(corp.id, std::move(ptr));
        }
        *index.lock() = std::move(fresh);
    }

    std::shared_ptr<const Index> now() const { return *index.lock(); }

    Database& db;
    CorpStore& store;
    Guarded<std::shared_ptr<const Index>> index;
    std::mutex refreshing;
    std::unique_ptr<ChangeFollower> follower;  // last: stops before the rest goes
};

CorpDirectory::CorpDirectory(Database& core, CorpStore& store)
    : state_(std::make_unique<State>(core, store)) {
    State* state = state_.get();
    // Following first, so that no change falls between the first reading and the subscription.
    state->follower = std::make_unique<ChangeFollower>(
        core, std::vector<std::string>{"corp"}, [state] { state->refresh(); }
    );
    state->refresh();
}

CorpDirectory::~CorpDirectory() = default;

void CorpDirectory::refresh() {
    state_->refresh();
}

CorpDirectory::Ptr CorpDirectory::find(CorpId id) const {
    const auto index = state_->now();
    const auto it = index->by_id.find(id);
    return it == index->by_id.end() ? nullptr : it->second;
}

CorpDirectory::Ptr CorpDirectory::find_wecom(std::string_view wecom_id) const {
    const auto index = state_->now();
    const auto it = index->by_wecom_id.find(std::string(wecom_id));
    return it == index->by_wecom_id.end() ? nullptr : it->second;
}

std::vector<CorpDirectory::Ptr> CorpDirectory::all() const {
    return state_->now()->all;
}

}  // namespace leadbridge::crm
