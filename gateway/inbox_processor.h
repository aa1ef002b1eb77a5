#pragma once
// Takes ready rows out of the inbox in order, decodes them and applies their touches, many rows in
// one transaction. A row that fails is tried again alone and then by the schedule of internal jobs;
// after the last try it is dead and stays visible. One thread.
// leadbridge_inbox_processed_total{result}, leadbridge_inbox_oldest_seconds,
// leadbridge_inbox_rows{state}.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/job_queue.h"
#include "crm/intake.h"
#include "gateway/inbox.h"

namespace leadbridge::gateway {

struct InboxProcessorOptions {
    int batch_rows = 64;
    std::int64_t slice_ms = 2;                             // of one transaction
    std::int64_t keep_done_ms = 7LL * 24 * 3'600 * 1'000;  // the dedupe window
    std::int64_t keep_parked_ms =
        180LL * 24 * 3'600 * 1'000;  // parked and dead rows nobody looked after
    RetrySchedule schedule = {};     // 12 tries
    // What is done with a touch, in the row's transaction. Empty: crm::intake.
    std::function<Status(Transaction&, const crm::Touch&)> apply;
    // After the commit, for every touch of a row, on the processor's thread. A msgaudit_notify
    // comes only here.
    std::function<void(const crm::Touch&)> on_touch;
};

class InboxProcessor {
public:
    // connectors: everybody whose rows may be in the inbox. All outlive the processor.
    InboxProcessor(
        Database& core,
        Inbox& inbox,
        const crm::IntakeServices& intake,
        Rng& rng,
        Metrics& metrics,
        std::vector<Connector*> connectors,
        InboxProcessorOptions options
    );
    ~InboxProcessor();

    void start();
    void stop();
    // Rows were stored. Thread-safe, only signals.
    void wake();
    // A stored row was delivered again. More than a second after it was used its object is fetched
    // again: two real edits within one second have one clear text. Thread-safe, only enqueues.
    void delivered_again(CorpId corp, const std::string& key);

    // One round on the calling thread, for tests and for a last round before a stop: rows used,
    // parked or failed. Not beside a started thread.
    int run_once();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::gateway
