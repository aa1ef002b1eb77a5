#include "connectors/wecom/welcome_pool.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <optional>

#include "base/log.h"

namespace leadbridge::wecom {

namespace {

constexpr std::chrono::milliseconds longest_nap{50};

}  // namespace

WelcomePool::WelcomePool(const Clock& clock, WelcomePoolOptions options)
    : clock_(clock), options_(std::move(options)) {
    auto queue = queue_.lock();
    for (int i = 0; i < std::max(1, options_.threads); ++i) {
        queue->threads.emplace_back([this] { work(); });
    }
    director_ = std::thread([this] { direct(); });
}

WelcomePool::~WelcomePool() {
    stop();
}

bool WelcomePool::submit(CorpId corp, std::function<void()> work) {
    auto queue = queue_.lock();
    if (queue->stopping || queue->waiting >= options_.max_waiting) {
        return false;
    }
    put(*queue, corp, std::move(work));
    const bool somebody_sleeps = queue->idle > 0;
    queue.raw().unlock();
    if (somebody_sleeps) {
        worker_wake_.notify_one();
    } else {
        director_wake_.notify_one();
    }
    return true;
}

bool WelcomePool::submit_after(CorpId corp, std::int64_t delay_ms, std::function<void()> work) {
    auto queue = queue_.lock();
    if (queue->stopping || queue->waiting + queue->delayed.size() >= options_.max_waiting) {
        return false;
    }
    queue->delayed.emplace(clock_.steady_ms() + delay_ms, Delayed{corp, std::move(work)});
    queue.raw().unlock();
    director_wake_.notify_one();
    return true;
}

void WelcomePool::put(Queue& queue, CorpId corp, std::function<void()> work) {
    Lane& lane = queue.lanes[corp];
    lane.waiting.push_back(std::move(work));
    ++queue.waiting;
    make_ready(queue, corp, lane);
}

void WelcomePool::make_ready(Queue& queue, CorpId corp, Lane& lane) const {
    if (!lane.ready && !lane.waiting.empty() && lane.running < lane.limit) {
        lane.ready = true;
        queue.ready.push_back(corp);
    }
}

bool WelcomePool::may_run(const Queue& queue, const Lane& lane) const {
    const int half = std::max(1, options_.max_threads / 2);
    if (queue.running >= half && lane.running > 0) {
        return false;
    }
    return !lane.slow || queue.slow_running < half;
}

bool WelcomePool::pick(Queue& queue, CorpId& corp) const {
    for (auto it = queue.ready.begin(); it != queue.ready.end(); ++it) {
        if (may_run(queue, queue.lanes[*it])) {
            corp = *it;
            queue.ready.erase(it);
            return true;
        }
    }
    return false;
}

bool WelcomePool::anything(const Queue& queue) const {
    return std::any_of(queue.ready.begin(), queue.ready.end(), [&](CorpId corp) {
        return may_run(queue, queue.lanes.find(corp)->second);
    });
}

void WelcomePool::report(CorpId corp, Pace pace) {
    auto queue = queue_.lock();
    Lane& lane = queue->lanes[corp];
    if (pace == Pace::quick) {
        lane.slow = false;
        lane.limit = std::min(lane.limit + 1, std::max(1, options_.max_per_corp));
        make_ready(*queue, corp, lane);
    } else {
        lane.slow = true;
        lane.limit = 1;
    }
}

std::size_t WelcomePool::waiting() const {
    return queue_.lock()->waiting;
}

int WelcomePool::threads() const {
    return static_cast<int>(queue_.lock()->threads.size());
}

void WelcomePool::work() {
    pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
    auto queue = queue_.lock();
    for (;;) {
        CorpId corp;
        bool picked = false;
        ++queue->idle;
        worker_wake_.wait(queue.raw(), [&] {
            return queue->stopping || (picked = pick(*queue, corp));
        });
        --queue->idle;
        if (queue->stopping) {
            return;
        }
        Lane& lane = queue->lanes[corp];  // lanes are never removed
        auto task = std::move(lane.waiting.front());
        lane.waiting.pop_front();
        --queue->waiting;
        ++lane.running;
        ++queue->running;
        lane.ready = false;
        const bool slow = lane.slow;
        queue->slow_running += slow ? 1 : 0;
        make_ready(*queue, corp, lane);
        const bool more = !queue->ready.empty() && queue->idle == 0;
        queue.raw().unlock();
        if (more) {
            director_wake_.notify_one();
        }
        try {
            task();
        } catch (const std::exception& e) {
            log::error(
                "wecom", "work of the welcome lane ended with an exception", {{"cause", e.what()}}
            );
        }
        task = nullptr;
        queue.raw().lock();
        --lane.running;
        --queue->running;
        queue->slow_running -= slow ? 1 : 0;
        make_ready(*queue, corp, lane);
    }
}

// Moves what is due to its lane, and adds a thread while work waits that nobody can take.
void WelcomePool::direct() {
    auto queue = queue_.lock();
    while (!queue->stopping) {
        const auto now = clock_.steady_ms();
        while (!queue->delayed.empty() && queue->delayed.begin()->first <= now) {
            auto node = queue->delayed.extract(queue->delayed.begin());
            put(*queue, node.mapped().corp, std::move(node.mapped().work));
        }
        const bool work_waits = anything(*queue);
        if (work_waits && queue->idle == 0 &&
            static_cast<int>(queue->threads.size()) < options_.max_threads) {
            queue->threads.emplace_back([this] { work(); });
        } else if (work_waits) {
            worker_wake_.notify_one();
        }
        if (queue->delayed.empty() && !work_waits) {
            director_wake_.wait(queue.raw());
        } else {
            // A clock that is set from outside tells nobody: short naps instead of one sleep.
            auto nap = longest_nap;
            if (!queue->delayed.empty()) {
                nap = std::min(nap, clock_.real(queue->delayed.begin()->first - now));
            }
            director_wake_.wait_for(queue.raw(), std::max(nap, std::chrono::milliseconds{1}));
        }
    }
}

void WelcomePool::stop() {
    std::vector<std::thread> threads;
    std::map<CorpId, Lane> dropped;
    std::multimap<std::int64_t, Delayed> dropped_later;
    {
        auto queue = queue_.lock();
        queue->stopping = true;
        threads.swap(queue->threads);
        for (auto& [corp, lane] : queue->lanes) {
            dropped[corp].waiting.swap(lane.waiting);
            lane.ready = false;
        }
        dropped_later.swap(queue->delayed);
        queue->ready.clear();
        queue->waiting = 0;
    }
    worker_wake_.notify_all();
    director_wake_.notify_all();
    if (director_.joinable()) {
        director_.join();
    }
    for (auto& thread : threads) {
        thread.join();
    }
}

}  // namespace leadbridge::wecom
