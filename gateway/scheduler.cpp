#include "gateway/scheduler.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"

namespace leadbridge::gateway {

struct Scheduler::State {
    explicit State(const Clock& the_clock) : clock(the_clock) {}

    struct Work {
        std::int64_t every_ms;
        std::string name;
        std::function<void()> run;
        std::int64_t due_ms = 0;  // steady
    };

    const Clock& clock;
    std::vector<Work> works;  // constant once started, but for due_ms of the thread
    std::mutex mutex;         // guards stopping
    std::condition_variable wake;
    bool stopping = false;
    std::thread thread;

    void run_due() {
        for (Work& work : works) {
            if (clock.steady_ms() < work.due_ms) {
                continue;
            }
            work.due_ms = clock.steady_ms() + work.every_ms;
            try {
                work.run();
            } catch (const std::exception& error) {
                log::error(
                    "scheduler",
                    "regular work failed",
                    {{"work", work.name}, {"error", error.what()}}
                );
            }
        }
    }

    void run() {
        std::unique_lock lock(mutex);
        while (!stopping) {
            lock.unlock();
            run_due();
            lock.lock();
            wake.wait_for(lock, clock.real(1'000), [this] { return stopping; });
        }
    }
};

Scheduler::Scheduler(const Clock& clock) : state_(std::make_unique<State>(clock)) {}

Scheduler::~Scheduler() {
    stop();
}

void Scheduler::every(std::int64_t every_ms, std::string name, std::function<void()> work) {
    state_->works.push_back(State::Work{every_ms, std::move(name), std::move(work)});
}

void Scheduler::start() {
    state_->thread = std::thread([s = state_.get()] { s->run(); });
}

void Scheduler::stop() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->wake.notify_all();
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
}

}  // namespace leadbridge::gateway
