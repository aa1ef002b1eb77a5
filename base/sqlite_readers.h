#pragma once
// A pool of read-only connections. Private to the engine. Thread-safe.

#include <condition_variable>
#include <functional>
#include <memory>
#include <vector>

#include "base/guarded.h"
#include "base/sqlite_connection.h"

namespace leadbridge {

class SqliteReaders {
public:
    explicit SqliteReaders(const SqliteOptions& options) : options_(options) {}

    // Runs fn on a snapshot of at most 5 s. Throws DatabaseError when no connection comes free in
    // that time.
    void run(const std::function<void(Snapshot&)>& fn);
    // Every connection opened so far is closed before its next use: the file was reopened.
    void renew();

private:
    struct Reader {
        std::unique_ptr<SqliteConnection> connection;
        int generation = 0;
    };

    struct State {
        std::vector<Reader> idle;
        int busy = 0;
        int generation = 0;
    };
    class Lease;

    const SqliteOptions options_;
    Guarded<State> state_;
    std::condition_variable freed_;
};

}  // namespace leadbridge
