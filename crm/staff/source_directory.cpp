#include <mutex>
#include <unordered_map>

#include "base/guarded.h"
#include "crm/staff/change_follower.h"
#include "crm/staff/source.h"

namespace leadbridge::crm {

struct SourceDirectory::State {
    using Index = std::unordered_map<std::int64_t, Ptr>;

    State(Database& d, SourceStore& s) : db(d), store(s) {}

    void refresh() {
        const std::lock_guard one(refreshing);  // an older reading never replaces a newer one
        const auto sources =
            db.read<std::vector<Source>>([&](Snapshot& s) -> Result<std::vector<Source>> {
                return store.all(s);
            });
        auto fresh = std::make_shared<Index>();
        for (const Source& source : *sources) {
            fresh->emplace(source.id.value, std::make_shared<const Source>(source));
        }
        *index.lock() = std::move(fresh);
    }

    Database& db;
    SourceStore& store;
    Guarded<std::shared_ptr<const Index>> index;
    std::mutex refreshing;
    std::unique_ptr<ChangeFollower> follower;  // last: stops before the rest goes
};

SourceDirectory::SourceDirectory(Database& core, SourceStore& store)
    : state_(std::make_unique<State>(core, store)) {
    State* state = state_.get();
    state->follower = std::make_unique<ChangeFollower>(
        core, std::vector<std::string>{"source"}, [state] { state->refresh(); }
    );
    state->refresh();
}

SourceDirectory::~SourceDirectory() = default;

void SourceDirectory::refresh() {
    state_->refresh();
}

SourceDirectory::Ptr SourceDirectory::find(std::int64_t source_id) const {
    const std::shared_ptr<const State::Index> index = *state_->index.lock();
    const auto it = index->find(source_id);
    return it == index->end() ? nullptr : it->second;
}

}  // namespace leadbridge::crm
