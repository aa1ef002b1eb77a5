#include "base/postgres_pool.h"

#include <algorithm>

#include "base/log.h"

namespace leadbridge {

namespace {

constexpr auto place_limit = std::chrono::seconds(5);
constexpr auto first_pause = std::chrono::milliseconds(50);
constexpr int most_doublings = 7;  // of the first pause: 6.4 s

}  // namespace

PostgresPool::Lease PostgresPool::take() {
    {
        auto state = state_.lock();
        if (!freed_.wait_for(state.raw(), place_limit, [&] { return state->busy < most_; })) {
            throw DatabaseError("every connection to PostgreSQL was busy for 5 s");
        }
        if (!state->idle.empty()) {
            auto connection = std::move(state->idle.back());
            state->idle.pop_back();
            ++state->busy;
            return {*this, std::move(connection)};
        }
        if (state->failures > 0 && RealClock::now() < state->not_before) {
            throw PostgresError(state->trouble, PostgresFailure::lost);
        }
        // The others need not try meanwhile.
        state->not_before = RealClock::now() + place_limit;
        ++state->busy;
    }
    return {*this, connect()};
}

std::unique_ptr<PostgresConnection> PostgresPool::connect() {
    try {
        auto connection = std::make_unique<PostgresConnection>(options_, role_);
        auto state = state_.lock();
        if (state->failures > 0) {
            log::warn("base", "PostgreSQL is back", {{"db", options_.name}});
        }
        state->failures = 0;
        return connection;
    } catch (const DatabaseError& e) {
        auto state = state_.lock();
        --state->busy;
        state->trouble = e.what();
        state->not_before =
            RealClock::now() + first_pause * (1 << std::min(state->failures, most_doublings));
        if (state->failures++ == 0) {
            log::error("base", "PostgreSQL is away", {{"db", options_.name}, {"error", e.what()}});
        }
        freed_.notify_one();
        throw;
    }
}

void PostgresPool::give_back(std::unique_ptr<PostgresConnection> connection) {
    if (connection && connection->in_transaction()) {
        connection->roll_back();
    }
    const bool keep = connection && !connection->lost() && !connection->in_transaction();
    {
        auto state = state_.lock();
        --state->busy;
        if (keep) {
            state->idle.push_back(std::move(connection));
        }
    }
    freed_.notify_one();
}

void PostgresPool::renew() {
    std::vector<std::unique_ptr<PostgresConnection>> old;
    old.swap(state_.lock()->idle);
}

}  // namespace leadbridge
