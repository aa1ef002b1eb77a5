#include "gateway/inbox_processor.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <set>
#include <thread>
#include <utility>

#include "base/backoff.h"
#include "base/log.h"
#include "gateway/inbox_rows.h"
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
constexpr double retry_jitter = 0.25;

enum class Done : std::uint8_t { used, parked, retry, dead, refetched };
constexpr std::array<std::string_view, 5> done_names = {
    "used", "parked", "retry", "dead", "refetched"};

struct Repeat {
    CorpId corp;
    std::string key;
};

struct Signals {
    bool woken = false;
    bool stopping = false;
    std::deque<Repeat> repeats;
};

// The store is full, broken or busy: no row's fault, so no row loses a try.
class StoreTrouble : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
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
          rng(rng_),
          connectors(std::move(connectors_)),
          options(std::move(options_)),
          oldest(metrics.gauge(
              "leadbridge_inbox_oldest_seconds", "Wait of the oldest delivery that is due"
          )) {
        if (!options.apply) {
            options.apply = [this](Transaction& tx, const crm::Touch& touch) -> Status {
                auto outcome = crm::intake(tx, intake, touch);
                return outcome ? Status{} : Status{std::move(outcome).error()};
            };
        }
        for (std::size_t i = 0; i < done_names.size(); ++i) {
            done[i] = &metrics.counter(
                "leadbridge_inbox_processed_total",
                "Inbox rows by what became of them",
                {{"result", std::string(done_names[i])}}
            );
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

    void count(Done what) { done[static_cast<std::size_t>(what)]->add(); }

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
        settle(*work);
        return static_cast<int>(work->size()) + refetch_repeats();
    }

    void settle(const std::vector<InboxWork>& work) {
        std::size_t next = 0;
        while (next < work.size()) {
            const std::size_t taken = together(work, next);
            if (taken == 0) {
                one_by_one(work, next);
                return;
            }
            next += taken;
        }
    }

    // As many rows from `next` on as fit into one slice. 0: one of them failed and nothing was
    // changed.
    std::size_t together(const std::vector<InboxWork>& work, std::size_t next) {
        const UnixMillis now = intake.clock.now();
        std::vector<Settled> settled;
        try {
            auto written = core.write<std::vector<Settled>>(
                [&](Transaction& tx) -> Result<std::vector<Settled>> {
                    return apply_slice(tx, work, next, now);
                }
            );
            if (!written) {
                refuse_trouble(written.error());
                return 0;
            }
            settled = std::move(*written);
        } catch (const DatabaseError& e) {
            refuse_trouble(e);
            return 0;
        } catch (const StoreTrouble&) {
            throw;
        } catch (const std::exception&) {
            return 0;
        }
        for (std::size_t i = 0; i < settled.size(); ++i) {
            after_commit(work[next + i], settled[i]);
        }
        return settled.size();
    }

    Result<std::vector<Settled>> apply_slice(
        Transaction& tx, const std::vector<InboxWork>& work, std::size_t next, UnixMillis now
    ) const {
        const auto begun = std::chrono::steady_clock::now();
        std::vector<Settled> out;
        for (std::size_t i = next; i < work.size(); ++i) {
            if (!work[i].failure.empty()) {
                return Error{ErrorCode::internal, work[i].failure};
            }
            auto settled = apply_work(tx, work[i], options.apply, now);
            if (!settled) {
                return std::move(settled).error();
            }
            out.push_back(*settled);
            if (std::chrono::steady_clock::now() - begun >=
                std::chrono::milliseconds(options.slice_ms)) {
                break;
            }
        }
        return out;
    }

    // Which row is the bad one shows when each stands alone.
    void one_by_one(const std::vector<InboxWork>& work, std::size_t next) {
        std::set<std::pair<std::int64_t, std::int64_t>>
            waiting;  // (corp, object) whose older row waits for its second try
        for (std::size_t i = next; i < work.size(); ++i) {
            const auto& row = work[i];
            const auto object = std::pair(row.row.corp.value, row.object_hash);
            if (row.object_hash != 0 && waiting.contains(object)) {
                continue;
            }
            if (!alone(row) && row.tries == 0) {
                waiting.insert(object);
            }
        }
    }

    bool alone(const InboxWork& work) {
        const UnixMillis now = intake.clock.now();
        std::string failure = work.failure;
        if (failure.empty()) {
            try {
                auto settled = core.write<Settled>([&](Transaction& tx) {
                    return apply_work(tx, work, options.apply, now);
                });
                if (settled) {
                    after_commit(work, *settled);
                    return true;
                }
                refuse_trouble(settled.error());
                failure = settled.error().message;
            } catch (const DatabaseError& e) {
                refuse_trouble(e);
                failure = e.what();
            } catch (const StoreTrouble&) {
                throw;
            } catch (const std::exception& e) {
                failure = e.what();
            }
        }
        failed(work, failure, now);
        return false;
    }

    void failed(const InboxWork& work, const std::string& failure, UnixMillis now) {
        const auto& delays = options.schedule.delays_ms;
        const auto tries = static_cast<std::size_t>(work.tries);  // before this one
        const UnixMillis run_at =
            tries < delays.size() ? now + jittered(delays[tries], retry_jitter, rng) : 0;
        auto written = core.write<bool>([&](Transaction& tx) -> Result<bool> {
            fail_work(tx, work, failure, run_at, now);
            return true;
        });
        if (!written) {
            throw StoreTrouble(written.error().message);
        }
        count(run_at == 0 ? Done::dead : Done::retry);
        log::error(
            "gateway",
            run_at == 0 ? "an inbox row is dead: look at it with `inbox show`"
                        : "an inbox row failed",
            {{"id", work.row.id}, {"kind", work.row.kind}, {"tries", work.tries + 1}}
        );
    }

    void after_commit(const InboxWork& work, Settled settled) {
        if (settled == Settled::not_ready) {
            return;
        }
        count(settled == Settled::parked ? Done::parked : Done::used);
        if (options.on_touch) {
            for (const auto& touch : work.touches) {
                options.on_touch(touch);
            }
        }
    }

    void refuse_trouble(const Error& error) const {
        if (error.code == ErrorCode::overloaded) {
            throw StoreTrouble(error.message);
        }
    }

    void refuse_trouble(const DatabaseError& error) const {
        if (dynamic_cast<const ConstraintViolation*>(&error) == nullptr && !core.stats().healthy) {
            throw StoreTrouble(error.what());
        }
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
                count(Done::refetched);
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
    Rng& rng;
    const std::vector<Connector*> connectors;
    InboxProcessorOptions options;  // constant after construction
    Gauge& oldest;
    std::array<Counter*, done_names.size()> done{};
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
