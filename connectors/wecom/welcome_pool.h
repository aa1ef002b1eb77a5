#pragma once
// Threads of the welcome lane. A corp starts with one thread, gets more while its calls answer
// quickly, and falls back to one when they hang; all hanging corps together hold at most half of
// the threads. Threads are added when work waits and none is idle, so a corp whose calls answer
// never stands behind those that hang.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/id.h"

namespace leadbridge::wecom {

struct WelcomePoolOptions {
    std::string name = "welcome";
    int threads = 4;  // at start
    int max_threads = 64;
    int max_per_corp = 8;
    std::size_t max_waiting = 50'000;
};

class WelcomePool {
public:
    WelcomePool(const Clock& clock, WelcomePoolOptions options);
    ~WelcomePool();  // stop()

    // Cheap; for the writer thread. Work of one corp starts in order, but for what is delayed.
    // False when full or stopping. An exception of the work is logged.
    bool submit(CorpId corp, std::function<void()> work);
    bool submit_after(CorpId corp, std::int64_t delay_ms, std::function<void()> work);

    enum class Pace : std::uint8_t { quick, slow };
    void report(CorpId corp, Pace pace);

    std::size_t waiting() const;
    int threads() const;
    // Drops what has not started, waits for what runs.
    void stop();

private:
    struct Lane {
        std::deque<std::function<void()>> waiting;
        int running = 0;
        int limit = 1;
        bool slow = false;
        bool ready = false;  // stands in Queue::ready
    };

    struct Delayed {
        CorpId corp;
        std::function<void()> work;
    };

    struct Queue {
        std::map<CorpId, Lane> lanes;
        std::deque<CorpId> ready;
        std::multimap<std::int64_t, Delayed> delayed;  // by steady ms
        std::vector<std::thread> threads;
        std::size_t waiting = 0;
        int idle = 0;
        int running = 0;
        int slow_running = 0;
        bool stopping = false;
    };

    void put(Queue& queue, CorpId corp, std::function<void()> work);
    void make_ready(Queue& queue, CorpId corp, Lane& lane) const;
    bool may_run(const Queue& queue, const Lane& lane) const;
    bool pick(Queue& queue, CorpId& corp) const;
    bool anything(const Queue& queue) const;
    void work();
    void direct();

    const Clock& clock_;
    const WelcomePoolOptions options_;
    Guarded<Queue> queue_;
    std::condition_variable worker_wake_;
    std::condition_variable director_wake_;
    std::thread director_;  // starts what is due and adds threads
};

}  // namespace leadbridge::wecom
