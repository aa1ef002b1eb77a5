#include "base/sqlite_readers.h"

#include <chrono>

#include "base/sqlite_transaction.h"

namespace leadbridge {

class SqliteReaders::Lease {
public:
    explicit Lease(SqliteReaders& pool) : pool_(pool) {
        auto state = pool.state_.lock();
        const bool free = pool.freed_.wait_for(
            state.raw(),
            std::chrono::milliseconds(pool.options_.read_limit_ms),
            [&] { return state->busy < pool.options_.max_readers; }
        );
        if (!free) {
            throw DatabaseError(
                pool.options_.path +
                ": all readers were busy for too long; fewer or shorter reads are needed"
            );
        }
        ++state->busy;
        reader_.generation = state->generation;
        if (!state->idle.empty()) {
            reader_ = std::move(state->idle.back());
            state->idle.pop_back();
        }
    }

    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    ~Lease() {
        {
            auto state = pool_.state_.lock();
            --state->busy;
            if (reader_.connection && !reader_.connection->troubled() &&
                !reader_.connection->in_transaction() && reader_.generation == state->generation) {
                state->idle.push_back(std::move(reader_));
            }
        }
        pool_.freed_.notify_one();
    }

    SqliteConnection& connection() {
        if (!reader_.connection) {
            reader_.connection =
                std::make_unique<SqliteConnection>(pool_.options_, SqliteRole::reader);
        }
        return *reader_.connection;
    }

private:
    SqliteReaders& pool_;
    Reader reader_;
};

void SqliteReaders::run(const std::function<void(Snapshot&)>& fn) {
    Lease lease(*this);
    SqliteConnection& connection = lease.connection();
    connection.set_deadline(
        std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.read_limit_ms)
    );
    connection.execute("BEGIN");

    struct End {
        SqliteConnection& connection;

        ~End() {
            connection.set_deadline(std::chrono::steady_clock::time_point::max());
            try {
                connection.execute("ROLLBACK");
            } catch (const DatabaseError&) {
                // An interrupted or failed read has ended its transaction already.
            }
        }
    };

    const End end{connection};
    SqliteSnapshot snapshot(connection);
    fn(snapshot);
}

void SqliteReaders::renew() {
    std::vector<Reader> old;
    auto state = state_.lock();
    ++state->generation;
    old.swap(state->idle);
}

}  // namespace leadbridge
