#include "gateway/inbox_settler.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include "base/backoff.h"
#include "base/log.h"

namespace leadbridge::gateway {

namespace {

constexpr double retry_jitter = 0.25;
constexpr auto longest_rest = std::chrono::milliseconds(50);

// While deliveries rush in intake gives way, since what is in the inbox is safe and may wait, but
// those who wait for an answer may not. It holds until its oldest row has waited for 2 s; from then
// on a slice rests some times its own duration: a tenth of the writer's time, from 5 s on a
// quarter, and from 10 s on it rests no more.
constexpr std::int64_t hold_ms = 2'000;
constexpr auto look = std::chrono::milliseconds(50);  // longer than a checkpoint holds the writer
constexpr double rush_per_second = 2'000;

int rests(std::int64_t waited_ms) {
    if (waited_ms < 5'000) {
        return 9;
    }
    return waited_ms < 10'000 ? 3 : 0;
}

constexpr std::string_view done_names[] = {"used", "parked", "retry", "dead", "refetched"};

}  // namespace

InboxSettler::InboxSettler(
    Database& core,
    const Clock& clock,
    Rng& rng,
    Metrics& metrics,
    const InboxProcessorOptions& options
)
    : core_(core), clock_(clock), rng_(rng), options_(options) {
    for (std::size_t i = 0; i < done_.size(); ++i) {
        done_[i] = &metrics.counter(
            "leadbridge_inbox_processed_total",
            "Inbox rows by what became of them",
            {{"result", std::string(done_names[i])}}
        );
    }
}

void InboxSettler::settle(const std::vector<InboxWork>& work) {
    std::size_t next = 0;
    while (next < work.size()) {
        give_way(work[next].row.received_ms);
        const auto begun = std::chrono::steady_clock::now();
        const std::size_t taken = together(work, next);
        if (taken == 0) {
            one_by_one(work, next);
            return;
        }
        next += taken;
        slice_took_ = std::chrono::steady_clock::now() - begun;
    }
}

void InboxSettler::give_way(UnixMillis received) {
    if (!rush()) {
        return;
    }
    while (clock_.now() - received < hold_ms) {
        std::this_thread::sleep_for(look);
        if (!rush()) {
            return;
        }
    }
    const int times = rests(clock_.now() - received);
    std::this_thread::sleep_for(
        std::min<std::chrono::steady_clock::duration>(times * slice_took_, longest_rest)
    );
}

// Since it was last asked: over a slice, a look, or however long intake was idle.
bool InboxSettler::rush() {
    const auto now = std::chrono::steady_clock::now();
    const std::int64_t appended = core_.stats().appended;
    const double seconds = std::chrono::duration<double>(now - asked_at_).count();
    const auto came = static_cast<double>(appended - appended_);
    asked_at_ = now;
    appended_ = appended;
    return came > rush_per_second * seconds;
}

void InboxSettler::count_refetched() {
    count(Done::refetched);
}

// As many rows from `next` on as fit into one slice. 0: one of them failed and nothing was changed.
std::size_t InboxSettler::together(const std::vector<InboxWork>& work, std::size_t next) {
    const UnixMillis now = clock_.now();
    std::vector<Settled> settled;
    try {
        auto written = core_.write<std::vector<Settled>>([&](Transaction& tx) {
            return apply_slice(tx, work, next, now);
        });
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

Result<std::vector<Settled>> InboxSettler::apply_slice(
    Transaction& tx, const std::vector<InboxWork>& work, std::size_t next, UnixMillis now
) const {
    const auto begun = std::chrono::steady_clock::now();
    std::vector<Settled> out;
    for (std::size_t i = next; i < work.size(); ++i) {
        if (!work[i].failure.empty()) {
            return Error{ErrorCode::internal, work[i].failure};
        }
        auto settled = apply_work(tx, work[i], options_.apply, now);
        if (!settled) {
            return std::move(settled).error();
        }
        out.push_back(*settled);
        if (std::chrono::steady_clock::now() - begun >=
            std::chrono::milliseconds(options_.slice_ms)) {
            break;
        }
    }
    note_used(tx, work.data() + next, work.data() + next + out.size());
    return out;
}

void InboxSettler::one_by_one(const std::vector<InboxWork>& work, std::size_t next) {
    std::set<std::pair<std::int64_t, std::int64_t>>
        waiting;  // (corp, object) whose older row waits for its second try
    for (std::size_t i = next; i < work.size(); ++i) {
        const auto& row = work[i];
        const auto object = std::pair(row.row.corp.value, row.object_hash);
        if (row.object_hash != 0 && waiting.contains(object)) {
            continue;
        }
        const UnixMillis now = clock_.now();
        const auto failure = row.failure.empty() ? alone(row, now) : row.failure;
        if (!failure) {
            continue;
        }
        failed(row, *failure, now);
        if (row.tries == 0) {
            waiting.insert(object);
        }
    }
}

std::optional<std::string> InboxSettler::alone(const InboxWork& work, UnixMillis now) {
    try {
        auto settled = core_.write<Settled>([&](Transaction& tx) {
            auto result = apply_work(tx, work, options_.apply, now);
            if (result && *result == Settled::used) {
                note_used(tx, &work, &work + 1);
            }
            return result;
        });
        if (settled) {
            after_commit(work, *settled);
            return std::nullopt;
        }
        refuse_trouble(settled.error());
        return settled.error().message;
    } catch (const DatabaseError& e) {
        refuse_trouble(e);
        return e.what();
    } catch (const StoreTrouble&) {
        throw;
    } catch (const std::exception& e) {
        return e.what();
    }
}

void InboxSettler::failed(const InboxWork& work, const std::string& failure, UnixMillis now) {
    const auto& delays = options_.schedule.delays_ms;
    const auto tries = static_cast<std::size_t>(work.tries);  // before this one
    const UnixMillis run_at =
        tries < delays.size() ? now + jittered(delays[tries], retry_jitter, rng_) : 0;
    auto written = core_.write<bool>([&](Transaction& tx) -> Result<bool> {
        fail_work(tx, work, failure, run_at, now);
        return true;
    });
    if (!written) {
        throw StoreTrouble(written.error().message);
    }
    count(run_at == 0 ? Done::dead : Done::retry);
    log::error(
        "gateway",
        run_at == 0 ? "an inbox row is dead: look at it with `inbox show`" : "an inbox row failed",
        {{"id", work.row.id}, {"kind", work.row.kind}, {"tries", work.tries + 1}}
    );
}

void InboxSettler::after_commit(const InboxWork& work, Settled settled) {
    if (settled == Settled::not_ready) {
        return;
    }
    count(settled == Settled::parked ? Done::parked : Done::used);
    if (options_.on_touch) {
        for (const auto& touch : work.touches) {
            options_.on_touch(touch);
        }
    }
}

void InboxSettler::refuse_trouble(const Error& error) const {
    if (error.code == ErrorCode::overloaded) {
        throw StoreTrouble(error.message);
    }
}

void InboxSettler::refuse_trouble(const DatabaseError& error) const {
    if (dynamic_cast<const ConstraintViolation*>(&error) == nullptr && !core_.stats().healthy) {
        throw StoreTrouble(error.what());
    }
}

}  // namespace leadbridge::gateway
