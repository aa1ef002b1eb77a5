#pragma once
// Hears of changes that other processes commit, and tells them of ours. Private to the engine.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/postgres_connection.h"

namespace leadbridge {

// Takes the lock of the one process that may hold a database as `sole`, until the connection ends.
// False: another one has it.
bool take_sole(PostgresConnection& connection, const PostgresOptions& options);
extern const char* const held_by_another;

// NOTIFY shortens the wait; looking once a second is the truth. A change is told of when readers
// can see it, which may be a little after its commit: an older transaction may still be open.
class PostgresWatch {
public:
    // wake: on the watch's own thread; must only signal. Throws DatabaseError, also where the
    // database is to be held alone and is not free.
    PostgresWatch(const PostgresOptions& options, std::function<void()> wake);
    ~PostgresWatch();
    PostgresWatch(const PostgresWatch&) = delete;
    PostgresWatch& operator=(const PostgresWatch&) = delete;

    // This process committed changes. Thread-safe.
    void committed() noexcept;

private:
    void serve();
    void connect();
    void watch(PostgresConnection& connection);
    // True when some committed change is still hidden.
    bool look(PostgresConnection& connection);

    const PostgresOptions options_;
    const std::function<void()> wake_;
    std::unique_ptr<PostgresConnection> connection_;  // of the thread, once it runs
    std::int64_t seen_ = 0;                           // newest change told of
    std::atomic<bool> closing_{false};
    int bell_ = -1;  // eventfd
    std::thread thread_;
};

}  // namespace leadbridge
