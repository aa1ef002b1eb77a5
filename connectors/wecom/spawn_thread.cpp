#include "connectors/wecom/spawn_thread.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "base/guarded.h"

namespace leadbridge::wecom {

struct SpawnThread::State {
    struct Shared {
        std::function<void()> work;
        bool stopping = false;
    };

    Guarded<Shared> shared;
    std::condition_variable wake;
    std::mutex turn;  // one caller at a time
    std::thread thread;

    void loop() {
        for (;;) {
            std::function<void()> work;
            {
                auto lock = shared.lock();
                wake.wait(lock.raw(), [&] { return lock->stopping || lock->work; });
                if (lock->stopping) {
                    return;
                }
                work = std::exchange(lock->work, nullptr);
            }
            work();
        }
    }
};

SpawnThread::SpawnThread() : state_(std::make_unique<State>()) {
    state_->thread = std::thread([state = state_.get()] { state->loop(); });
}

SpawnThread::~SpawnThread() {
    state_->shared.lock()->stopping = true;
    state_->wake.notify_all();
    state_->thread.join();
}

void SpawnThread::run(const std::function<void()>& work) {
    const std::lock_guard turn(state_->turn);
    std::promise<void> done;
    state_->shared.lock()->work = [&] {
        work();
        done.set_value();
    };
    state_->wake.notify_all();
    done.get_future().wait();
}

}  // namespace leadbridge::wecom
