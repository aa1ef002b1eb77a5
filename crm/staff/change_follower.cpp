#include "crm/staff/change_follower.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/change_log.h"
#include "base/log.h"

namespace leadbridge::crm {

struct ChangeFollower::State {
    State(Database& database, std::vector<std::string> t, std::function<void()> f)
        : db(database), topics(std::move(t)), refresh(std::move(f)) {}

    Database& db;
    const std::vector<std::string> topics;
    const std::function<void()> refresh;
    std::int64_t cursor = 0;  // only the thread

    std::mutex mutex;
    std::condition_variable wake;
    bool woken = false;     // guarded by mutex
    bool stopping = false;  // guarded by mutex

    std::thread thread;
    std::shared_ptr<void> subscription;

    void signal() {
        {
            const std::lock_guard lock(mutex);
            woken = true;
        }
        wake.notify_one();
    }

    // True when one of the topics is among the changes after the cursor, which moves.
    bool look() {
        bool touched = false;
        for (;;) {
            const auto changes = db.read<std::vector<ChangeRecord>>(
                [&](Snapshot& s) -> Result<std::vector<ChangeRecord>> {
                    return read_changes(s, cursor, 1'000);
                }
            );
            if (!changes || changes->empty()) {
                return touched;
            }
            cursor = changes->back().n;
            touched = touched ||
                      std::any_of(changes->begin(), changes->end(), [&](const ChangeRecord& c) {
                          return std::find(topics.begin(), topics.end(), c.topic) != topics.end();
                      });
        }
    }

    void run() {
        bool due = false;
        for (;;) {
            {
                std::unique_lock lock(mutex);
                if (due) {  // the last try failed
                    wake.wait_for(lock, std::chrono::seconds(1), [&] { return stopping; });
                } else {
                    wake.wait(lock, [&] { return woken || stopping; });
                }
                if (stopping) {
                    return;
                }
                woken = false;
            }
            try {
                due = look() || due;
                if (due) {
                    refresh();
                    due = false;
                }
            } catch (const std::exception& e) {
                due = true;
                log::warn("staff", "cannot read changes; trying again", {{"error", e.what()}});
            }
        }
    }
};

ChangeFollower::ChangeFollower(
    Database& db, std::vector<std::string> topics, std::function<void()> refresh
)
    : state_(std::make_shared<State>(db, std::move(topics), std::move(refresh))) {
    state_->cursor = db.read<std::int64_t>([](Snapshot& s) -> Result<std::int64_t> {
                           return last_change(s);
                       }).value_or(0);
    const std::weak_ptr<State> weak = state_;
    state_->subscription = db.on_change([weak] {
        if (const auto state = weak.lock()) {
            state->signal();
        }
    });
    state_->thread = std::thread([state = state_.get()] { state->run(); });
}

ChangeFollower::~ChangeFollower() {
    state_->subscription.reset();
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->wake.notify_one();
    state_->thread.join();
}

}  // namespace leadbridge::crm
