#include "connectors/sandbox/later.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace leadbridge::sandbox {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Later::State {
    std::mutex mutex;  // guards waiting and stopping
    std::condition_variable wake;
    std::multimap<SteadyTime, std::function<void()>> waiting;
    bool stopping = false;
    std::thread thread;

    void run() {
        std::unique_lock lock(mutex);
        while (!stopping) {
            if (waiting.empty()) {
                wake.wait(lock);
                continue;
            }
            const SteadyTime due = waiting.begin()->first;
            if (std::chrono::steady_clock::now() < due) {
                wake.wait_until(lock, due);
                continue;
            }
            const auto work = std::move(waiting.begin()->second);
            waiting.erase(waiting.begin());
            lock.unlock();
            work();
            lock.lock();
        }
    }
};

Later::Later() : state_(std::make_unique<State>()) {
    state_->thread = std::thread([s = state_.get()] { s->run(); });
}

Later::~Later() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->wake.notify_all();
    state_->thread.join();
}

void Later::after(std::int64_t real_ms, std::function<void()> work) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->waiting.emplace(
            std::chrono::steady_clock::now() + std::chrono::milliseconds(real_ms), std::move(work)
        );
    }
    state_->wake.notify_all();
}

}  // namespace leadbridge::sandbox
