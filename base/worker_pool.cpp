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
    std::deque<std::function<void()>> waiting;
    int running = 0;
    bool ready = false;  // stands in Queue::ready
};

struct Queue {
    std::unordered_map<std::string, Lane> lanes;  // a lane goes when nothing waits or runs in it
    std::deque<std::string> ready;                // keys that may start work, served in turn
    std::size_t waiting = 0;
    int idle = 0;
    bool stopping = false;
};

}  // namespace

struct WorkerPool::State {
    WorkerPoolOptions options;
    int key_limit = 1;
    Guarded<Queue> queue;
    std::condition_variable wake;
    std::vector<std::thread> threads;

    int limit_of(const std::string& key) const { return key.empty() ? options.threads : key_limit; }

    void make_ready(Queue& queue_data, const std::string& key, Lane& lane) const;
    void finished(Queue& queue_data, const std::string& key) const;
    void run();
    void run_guarded(const std::function<void()>& work) const;
};

void WorkerPool::State::make_ready(Queue& queue_data, const std::string& key, Lane& lane) const {
    if (!lane.ready && !lane.waiting.empty() && lane.running < limit_of(key)) {
        lane.ready = true;
        queue_data.ready.push_back(key);
    }
}

void WorkerPool::State::finished(Queue& queue_data, const std::string& key) const {
    const auto found = queue_data.lanes.find(key);
    Lane& lane = found->second;
    --lane.running;
    make_ready(queue_data, key, lane);
    if (lane.running == 0 && lane.waiting.empty()) {
        queue_data.lanes.erase(found);
    }
}

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
        ++lock->idle;
        wake.wait(lock.raw(), [&] { return lock->stopping || !lock->ready.empty(); });
        --lock->idle;
        if (lock->stopping) {
            return;
        }
        const std::string key = std::move(lock->ready.front());
        lock->ready.pop_front();
        Lane& lane = lock->lanes.find(key)->second;
        auto work = std::move(lane.waiting.front());
        lane.waiting.pop_front();
        --lock->waiting;
        ++lane.running;
        lane.ready = false;
        make_ready(*lock, key, lane);
        lock.raw().unlock();
        run_guarded(work);
        work = nullptr;  // what it owns goes before the next waits
        lock.raw().lock();
        finished(*lock, key);
    }
}

WorkerPool::WorkerPool(WorkerPoolOptions options) : state_(std::make_unique<State>()) {
    options.threads = std::max(options.threads, 1);
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
    const std::string name(key);
    Lane& lane = lock->lanes[name];
    lane.waiting.push_back(std::move(work));
    ++lock->waiting;
    state_->make_ready(*lock, name, lane);
    const bool somebody_sleeps = lock->idle > 0;
    lock.raw().unlock();
    if (somebody_sleeps) {
        state_->wake.notify_one();
    }
    return true;
}

std::size_t WorkerPool::waiting() const {
    return state_->queue.lock()->waiting;
}

void WorkerPool::stop() {
    std::unordered_map<std::string, Lane>
        dropped;  // destroyed without the lock: its owners may submit again
    {
        auto lock = state_->queue.lock();
        lock->stopping = true;
        for (auto& [key, lane] : lock->lanes) {
            dropped[key].waiting.swap(lane.waiting);
            lane.ready = false;
        }
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
