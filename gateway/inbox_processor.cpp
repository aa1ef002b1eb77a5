#include "gateway/inbox_processor.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <thread>
#include <utility>

#include "base/log.h"
#include "gateway/inbox_rows.h"
#include "gateway/inbox_settler.h"
#include "gateway/inbox_work.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t max_repeats = 10'000;
constexpr int repeats_per_round = 64;
constexpr std::int64_t poll_ms = 1'000;  // the truth; a wake-up only shortens the wait
constexpr std::int64_t gauges_every_ms = 2'000;
constexpr std::int64_t trouble_pause_ms = 1'000;
constexpr std::int64_t repeat_after_ms = 1'000;
constexpr int retention_slice = 1'000;

struct Repeat {
    CorpId corp;
    std::string key;
};

struct Signals {
    bool woken = false;
    bool stopping = false;
    std::deque<Repeat> repeats;
};

}  // namespace

struct InboxProcessor::State {
    State(
        Database& core_,
        Inbox& inbox_,
        const crm::IntakeServices& intake_,
        Rng& rng_,
        Metrics& metrics,
        std::vector<Connector*> connectors_,
        InboxProcessorOptions options_
    )
        : core(core_),
          inbox(inbox_),
          intake(intake_),
          connectors(std::move(connectors_)),
          options(std::move(options_)),
          settler(core_, intake_.clock, rng_, metrics, options),
          oldest(metrics.gauge(
              "leadbridge_inbox_oldest_seconds", "Wait of the oldest delivery that is due"
          )) {
        if (!options.apply) {
            options.apply = [this](Transaction& tx, const crm::Touch& touch) -> Status {
                auto outcome = crm::intake(tx, intake, touch);
                return outcome ? Status{} : Status{std::move(outcome).error()};
            };
        }
        for (const auto state : {InboxState::ready, InboxState::parked, InboxState::dead}) {
            rows.emplace_back(
                state,
                &metrics.gauge(
                    "leadbridge_inbox_rows",
                    "Inbox rows by state",
                    {{"state", std::string(to_string(state))}}
                )
            );
        }
    }

    // ---- one round

    int round() {
        const UnixMillis now = intake.clock.now();
        auto work =
            core.read<std::vector<InboxWork>>([&](Snapshot& s) -> Result<std::vector<InboxWork>> {
                return due_work(s, now, options.batch_rows);
            });
        for (auto& row : *work) {
            decode_work(row, inbox, connectors);
        }
        settler.settle(*work);
        return static_cast<int>(work->size()) + refetch_repeats();
    }

    // ---- repeats of rows that were used

    int refetch_repeats() {
        std::vector<Repeat> repeats;
        {
            auto s = signals.lock();
            while (!s->repeats.empty() && repeats.size() < repeats_per_round) {
                repeats.push_back(std::move(s->repeats.front()));
                s->repeats.pop_front();
            }
        }
        int found = 0;
        for (const auto& repeat : repeats) {
            auto work = core.read<std::optional<InboxWork>>(
                [&](Snapshot& s) -> Result<std::optional<InboxWork>> {
                    return find_work(s, repeat.corp, repeat.key);
                }
            );
            if (!*work || (*work)->state != InboxState::done ||
                intake.clock.now() - (*work)->done_ms <= repeat_after_ms) {
                continue;
            }
            decode_work(**work, inbox, connectors);
            auto written = core.write<bool>([&](Transaction& tx) -> Result<bool> {
                for (const auto& touch : (*work)->touches) {
                    refetch(tx, intake.jobs, touch);
                }
                return true;
            });
            if (written) {
                settler.count_refetched();
                ++found;
            }
        }
        return found;
    }

    // ---- when idle

    // True while there is more to delete.
    bool retention() {
        const UnixMillis now = intake.clock.now();
        const auto remove = [&](std::string_view states, std::int64_t keep_ms) {
            return core.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
                return tx.execute(
                    "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE id<? AND state IN "
                    "(" +
                        std::string(states) + ") ORDER BY id LIMIT ?)",
                    {first_id_at(now - keep_ms), retention_slice}
                );
            });
        };
        const auto used = remove("2,5", options.keep_done_ms);
        const auto kept = remove("3,4", options.keep_parked_ms);
        return (used && *used == retention_slice) || (kept && *kept == retention_slice);
    }

    void set_gauges() {
        const auto now = intake.clock.now();
        (void)core.read<bool>([&](Snapshot& s) -> Result<bool> {
            oldest.set(static_cast<double>(Inbox::oldest_ms(s, now)) / 1'000);
            for (const auto& [state, gauge] : rows) {
                const auto n =
                    state == InboxState::ready
                        ? s.number("SELECT COUNT(*) FROM inbox WHERE state=0")
                        : s.number(
                              "SELECT COUNT(*) FROM inbox WHERE state>=3 AND state=?", {state}
                          );
                gauge->set(static_cast<double>(n));
            }
            return true;
        });
    }

    // ---- the thread

    void run() {
        std::int64_t gauges_at = 0;
        std::int64_t retention_at = 0;
        while (true) {
            std::int64_t pause = 0;
            try {
                const bool idle = round() == 0;
                const std::int64_t now = intake.clock.steady_ms();
                if (now >= gauges_at) {
                    set_gauges();
                    gauges_at = now + gauges_every_ms;
                }
                if (idle && now >= retention_at) {
                    retention_at = retention() ? now : now + 60'000;
                }
                pause = idle ? poll_ms : 0;
            } catch (const std::exception& e) {
                log::error("gateway", "the inbox cannot be worked on", {{"error", e.what()}});
                pause = trouble_pause_ms;
            }
            if (!wait(pause)) {
                return;
            }
        }
    }

    bool wait(std::int64_t ms) {
        auto s = signals.lock();
        if (ms > 0) {
            changed.wait_for(s.raw(), intake.clock.real(ms), [&] {
                return s->woken || s->stopping;
            });
        }
        s->woken = false;
        return !s->stopping;
    }

    Database& core;
    Inbox& inbox;
    const crm::IntakeServices intake;
    const std::vector<Connector*> connectors;
    InboxProcessorOptions options;  // constant after construction
    InboxSettler settler;
    Gauge& oldest;
    std::vector<std::pair<InboxState, Gauge*>> rows;
    Guarded<Signals> signals;
    std::condition_variable changed;  // with signals' lock
    std::thread thread;
};

InboxProcessor::InboxProcessor(
    Database& core,
    Inbox& inbox,
    const crm::IntakeServices& intake,
    Rng& rng,
    Metrics& metrics,
    std::vector<Connector*> connectors,
    InboxProcessorOptions options
)
    : state_(std::make_unique<State>(
          core, inbox, intake, rng, metrics, std::move(connectors), std::move(options)
      )) {}

InboxProcessor::~InboxProcessor() {
    stop();
}

void InboxProcessor::start() {
    state_->thread = std::thread([state = state_.get()] { state->run(); });
    pthread_setname_np(state_->thread.native_handle(), "intake");
}

void InboxProcessor::stop() {
    {
        auto s = state_->signals.lock();
        s->stopping = true;
        state_->changed.notify_all();
    }
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
}

void InboxProcessor::wake() {
    auto s = state_->signals.lock();
    if (!s->woken) {
        s->woken = true;
        state_->changed.notify_one();
    }
}

void InboxProcessor::delivered_again(CorpId corp, const std::string& key) {
    auto s = state_->signals.lock();
    if (s->repeats.size() < max_repeats) {
        s->repeats.push_back(Repeat{corp, key});
        s->woken = true;
        state_->changed.notify_one();
    }
}

int InboxProcessor::run_once() {
    return state_->round();
}

}  // namespace leadbridge::gateway
