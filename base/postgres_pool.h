#pragma once
// Connections for the calls of one kind. Private to the engine. Thread-safe.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <vector>

#include "base/guarded.h"
#include "base/postgres_connection.h"

namespace leadbridge {

class PostgresPool {
public:
    PostgresPool(const PostgresOptions& options, PostgresRole role)
        : options_(options),
          role_(role),
          most_(role == PostgresRole::writer ? options.max_writers : options.max_readers) {}

    // A connection until it goes out of scope; a lost or used up one is not kept.
    class Lease {
    public:
        Lease(PostgresPool& pool, std::unique_ptr<PostgresConnection> connection)
            : pool_(pool), connection_(std::move(connection)) {}

        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;

        ~Lease() {
            if (spoilt_) {
                connection_.reset();
            }
            pool_.give_back(std::move(connection_));
        }

        PostgresConnection& operator*() const { return *connection_; }

        PostgresConnection* operator->() const { return connection_.get(); }

        // Not to be used again.
        void drop() { spoilt_ = true; }

    private:
        PostgresPool& pool_;
        std::unique_ptr<PostgresConnection> connection_;
        bool spoilt_ = false;
    };

    // Waits for a place up to 5 s. While the server is away, one caller at a time tries to connect,
    // with pauses from 50 ms to 5 s; the others are refused at once. Throws DatabaseError.
    Lease take();
    // Idle connections are closed: one of them was lost, so the others are probably, too.
    void renew();

    bool healthy() const { return state_.lock()->failures == 0; }

private:
    using RealClock = std::chrono::steady_clock;

    struct State {
        std::vector<std::unique_ptr<PostgresConnection>> idle;
        int busy = 0;
        int failures = 0;  // of connecting, in a row
        RealClock::time_point not_before = {};
        std::string trouble;
    };

    std::unique_ptr<PostgresConnection> connect();
    void give_back(std::unique_ptr<PostgresConnection> connection);

    const PostgresOptions options_;
    const PostgresRole role_;
    const int most_;
    Guarded<State> state_;
    std::condition_variable freed_;
};

}  // namespace leadbridge
