#include "base/worker_pool.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"

namespace leadbridge {

namespace {

struct Lane {  // the work of one key
    std::string key;
    int limit = 1;  // of running
    std::deque<std::function<void()>> waiting;
    int running = 0;
    bool ready = false;  // stands in Queue::ready
};

struct Queue {
    Lane keyless;
    std::unordered_map<std::string, Lane> lanes;  // a lane goes when nothing waits or runs in it
    std::deque<Lane*> ready;                      // lanes that may start work, served in turn
    std::size_t waiting = 0;
    int idle = 0;
    bool stopping = false;

    void add(Lane& lane, std::function<void()> work);
    void make_ready(Lane& lane);
    void finished(Lane& lane);
};

void Queue::add(Lane& lane, std::function<void()> work) {
    lane.waiting.push_back(std::move(work));
    ++waiting;
    make_ready(lane);
}

void Queue::make_ready(Lane& lane) {
    if (!lane.ready && !lane.waiting.empty() && lane.running < lane.limit) {
        lane.ready = true;
        ready.push_back(&lane);
    }
}

void Queue::finished(Lane& lane) {
    --lane.running;
    make_ready(lane);
    if (lane.running == 0 && lane.waiting.empty() && &lane != &keyless) {
        lanes.erase(std::string(lane.key));
    }
}

}  // namespace

struct WorkerPool::State {
    WorkerPoolOptions options;
    int key_limit = 1;
    Guarded<Queue> queue;
    std::condition_variable wake;
    std::vector<std::thread> threads;

    void run();
    void run_guarded(const std::function<void()>& work) const;
};

void WorkerPool::State::run_guarded(const std::function<void()>& work) const {
    try {
        work();
    } catch (const std::exception& e) {
        log::error(
            "worker_pool",
            "work ended with an exception",
            {{"pool", options.name}, {"cause", e.what()}}
        );
    } catch (...) {
        log::error("worker_pool", "work ended with an unknown exception", {{"pool", options.name}});
    }
}

void WorkerPool::State::run() {
    auto lock = queue.lock();
    for (;;) {
        while (!lock->stopping && lock->ready.empty()) {
            ++lock->idle;
            wake.wait(lock.raw());
            --lock->idle;
        }
        if (lock->stopping) {
            return;
        }
        Lane& lane = *lock->ready.front();
        lock->ready.pop_front();
        auto work = std::move(lane.waiting.front());
        lane.waiting.pop_front();
        --lock->waiting;
        ++lane.running;
        lane.ready = false;
        lock->make_ready(lane);
        // A submitter wakes one thread only; each thread that finds more to do wakes the next.
        const bool wake_another = lock->idle > 0 && !lock->ready.empty();
        lock.raw().unlock();
        if (wake_another) {
            wake.notify_one();
        }
        run_guarded(work);
        work = nullptr;  // what it owns goes before the next waits
        lock.raw().lock();
        lock->finished(lane);
    }
}

WorkerPool::WorkerPool(WorkerPoolOptions options) : state_(std::make_unique<State>()) {
    options.threads = std::max(options.threads, 1);
    state_->queue.lock()->keyless.limit = options.threads;
    state_->key_limit = std::max(1, static_cast<int>(options.key_share * options.threads));
    state_->options = std::move(options);
    for (int i = 0; i < state_->options.threads; ++i) {
        auto& thread = state_->threads.emplace_back([state = state_.get()] { state->run(); });
        // Linux keeps 15 characters of a thread's name.
        const auto name = state_->options.name.substr(0, 12) + "-" + std::to_string(i % 100);
        pthread_setname_np(thread.native_handle(), name.c_str());
    }
}

WorkerPool::~WorkerPool() {
    stop();
}

bool WorkerPool::submit(std::string_view key, std::function<void()> work) {
    auto lock = state_->queue.lock();
    if (lock->stopping || lock->waiting >= state_->options.max_queue) {
        return false;
    }
    if (key.empty()) {
        lock->add(lock->keyless, std::move(work));
    } else {
        Lane& lane = lock->lanes[std::string(key)];
        lane.key = key;
        lane.limit = state_->key_limit;
        lock->add(lane, std::move(work));
    }
    const bool somebody_sleeps = lock->idle > 0;
    lock.raw().unlock();
    if (somebody_sleeps) {
        state_->wake.notify_one();
    }
    return true;
}

std::vector<std::function<void()>> WorkerPool::submit_all(std::vector<std::function<void()>> work) {
    auto lock = state_->queue.lock();
    const std::size_t room =
        state_->options.max_queue - std::min(lock->waiting, state_->options.max_queue);
    const std::size_t taken = lock->stopping ? 0 : std::min(room, work.size());
    for (std::size_t i = 0; i < taken; ++i) {
        lock->add(lock->keyless, std::move(work[i]));
    }
    const bool somebody_sleeps = lock->idle > 0 && taken > 0;
    lock.raw().unlock();
    if (somebody_sleeps) {
        state_->wake.notify_one();
    }
    work.erase(work.begin(), work.begin() + static_cast<std::ptrdiff_t>(taken));
    return work;
}

std::size_t WorkerPool::waiting() const {
    return state_->queue.lock()->waiting;
}

void WorkerPool::stop() {
    // Destroyed without the lock: its owners may submit again.
    std::vector<std::deque<std::function<void()>>> dropped;
    {
        auto lock = state_->queue.lock();
        lock->stopping = true;
        for (auto& [key, lane] : lock->lanes) {
            dropped.push_back(std::move(lane.waiting));
            lane.waiting.clear();
        }
        dropped.push_back(std::move(lock->keyless.waiting));
        lock->keyless.waiting.clear();
        lock->ready.clear();
        lock->waiting = 0;
    }
    state_->wake.notify_all();
    for (auto& thread : state_->threads) {
        if (thread.joinable() && thread.get_id() != std::this_thread::get_id()) {
            thread.join();
        }
    }
}

}  // namespace leadbridge
