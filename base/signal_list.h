#pragma once
// Callbacks that somebody calls again and again until their subscriber lets go. Thread-safe.

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/guarded.h"

namespace leadbridge {

template <class... Args>
class SignalList {
public:
    // Destroying the handle ends the subscription and waits for a call in flight on another thread:
    // after it, what the callback captured may go. So never destroy it under a lock that the
    // callback takes.
    std::shared_ptr<void> add(std::function<void(const Args&...)> signal) {
        auto entry = std::make_shared<Entry>();
        entry->signal = std::move(signal);
        entries_.lock()->push_back(entry);
        return {entry.get(), [entry](void*) {
                    const std::lock_guard hold(entry->calling);
                    entry->signal = nullptr;
                }};
    }

    void call(const Args&... args) {
        const auto entries = *entries_.lock();
        bool ended = false;
        for (const auto& entry : entries) {
            const std::lock_guard hold(entry->calling);
            if (auto signal = entry->signal) {
                signal(args...);
            } else {
                ended = true;
            }
        }
        if (ended) {
            auto all = entries_.lock();
            std::erase_if(*all, [](const auto& entry) {
                const std::unique_lock hold(entry->calling, std::try_to_lock);
                return hold.owns_lock() && !entry->signal;
            });
        }
    }

private:
    // Shared by the list and the handle.
    struct Entry {
        std::recursive_mutex calling;  // a callback may end its own subscription
        std::function<void(const Args&...)> signal;
    };

    Guarded<std::vector<std::shared_ptr<Entry>>> entries_;
};

}  // namespace leadbridge
