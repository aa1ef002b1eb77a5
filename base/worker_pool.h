#pragma once
// Named pools for blocking work. A key (corp, host) may hold only a share of the threads; a full
// queue is refused work.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leadbridge {

struct WorkerPoolOptions {
    std::string name;  // thread names and logs
    int threads = 4;
    std::size_t max_queue = 10'000;
    double key_share = 1.0;  // of the threads one key may hold at a time; at least one thread
};

class WorkerPool {
public:
    explicit WorkerPool(WorkerPoolOptions options);
    ~WorkerPool();  // stop()

    // False when the queue is full or the pool is stopping. Work of one key starts in order. An
    // exception is logged.
    bool submit(std::string_view key, std::function<void()> work);

    bool submit(std::function<void()> work) { return submit({}, std::move(work)); }

    // Work without a key, all at once; cheaper than one by one. Gives back what found no place, in
    // order.
    std::vector<std::function<void()>> submit_all(std::vector<std::function<void()>> work);

    std::size_t waiting() const;
    // Drops what has not started, waits for what runs.
    void stop();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge
