#pragma once
// Signs, encrypts and delivers events as WeCom does: POST within 5 s, three attempts in all, no
// order between events (page 96238). Duplicates and reordering on demand.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/http_client.h"
#include "base/rng.h"
#include "base/worker_pool.h"
#include "connectors/sandbox/events.h"
#include "connectors/sandbox/journal.h"
#include "connectors/sandbox/later.h"

namespace leadbridge::sandbox {

struct DeliveryRules {
    double duplicate = 0;         // probability that an accepted event is sent again
    std::int64_t shuffle_ms = 0;  // each event waits a random time up to this (real ms)
    int attempts = 3;
    std::int64_t retry_ms = 1'000;
    std::int64_t timeout_ms = 5'000;
};

class CallbackSender {
public:
    CallbackSender(const Clock& clock, Rng& rng, HttpClient& http, Journal& journal);
    ~CallbackSender();

    // Returns at once; target and corpid are copied.
    void send(Event event, CallbackTarget target);
    void set_rules(const DeliveryRules& rules);

    // Events not yet accepted or given up.
    std::int64_t open() const noexcept { return open_.load(); }

    std::int64_t given_up() const noexcept { return given_up_.load(); }

    std::int64_t delivered() const noexcept { return delivered_.load(); }

private:
    struct Delivery;
    void attempt(std::shared_ptr<Delivery> delivery);
    void settle(const std::shared_ptr<Delivery>& delivery, bool accepted);

    const Clock& clock_;
    Rng& rng_;
    HttpClient& http_;
    Journal& journal_;
    Guarded<DeliveryRules> rules_;
    std::atomic<std::int64_t> open_{0};
    std::atomic<std::int64_t> given_up_{0};
    std::atomic<std::int64_t> delivered_{0};
    WorkerPool pool_;
    Later later_;  // last: its thread uses the pool
};

}  // namespace leadbridge::sandbox
