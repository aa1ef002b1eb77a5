#include "base/postgres_watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

namespace leadbridge {

namespace {

constexpr int poll_ms = 1'000;
constexpr int hidden_ms = 5;  // while a committed change waits for an older transaction
constexpr int reconnect_ms = 1'000;
constexpr int sole_tries = 20;

void silence(int bell) {
    std::uint64_t rung = 0;
    static_cast<void>(::read(bell, &rung, sizeof rung));
}

}  // namespace

const char* const held_by_another =
    "another LeadBridge serves this database; stop it first: one daemon serves a database";

bool take_sole(PostgresConnection& connection, const PostgresOptions& options) {
    bool taken = false;
    connection.each(
        "SELECT pg_try_advisory_lock(19523, hashtext(?))",
        Params{std::vector<Param>{options.name}},
        [&](const Row& row) {
            taken = row.flag(0);
            return Visit::stop;
        }
    );
    return taken;
}

PostgresWatch::PostgresWatch(const PostgresOptions& options, std::function<void()> wake)
    : options_(options), wake_(std::move(wake)), bell_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    try {
        connect();
    } catch (...) {
        ::close(bell_);
        throw;
    }
    thread_ = std::thread([this] { serve(); });
    pthread_setname_np(thread_.native_handle(), ("watch-" + options_.name).substr(0, 15).c_str());
}

PostgresWatch::~PostgresWatch() {
    closing_ = true;
    committed();
    thread_.join();
    ::close(bell_);
}

void PostgresWatch::committed() noexcept {
    const std::uint64_t one = 1;
    static_cast<void>(::write(bell_, &one, sizeof one));
}

void PostgresWatch::connect() {
    connection_ = std::make_unique<PostgresConnection>(options_, PostgresRole::writer);
    // A process that has just ended may still be on the server for a moment.
    for (int tries = 0; options_.sole; ++tries) {
        if (take_sole(*connection_, options_)) {
            return;
        }
        if (tries == sole_tries || closing_) {
            throw DatabaseError(held_by_another);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
}

void PostgresWatch::serve() {
    while (!closing_) {
        try {
            if (!connection_) {
                connect();
            }
            watch(*connection_);
        } catch (const DatabaseError& e) {
            connection_.reset();
            log::warn("base", "the change watch lost its connection", {{"error", e.what()}});
            pollfd bell{bell_, POLLIN, 0};
            ::poll(&bell, 1, reconnect_ms);
            silence(bell_);
            wake_();  // followers may have missed something
        }
    }
}

void PostgresWatch::watch(PostgresConnection& connection) {
    const std::string channel = "leadbridge_" + options_.name;
    connection.script("SET default_transaction_isolation = 'repeatable read'; LISTEN " + channel);
    bool hidden = look(connection);
    while (!closing_) {
        pollfd bell{bell_, POLLIN, 0};
        connection.wait_for_notification(bell_, hidden ? hidden_ms : poll_ms);
        if (::poll(&bell, 1, 0) > 0) {
            silence(bell_);
            connection.script("NOTIFY " + channel);
        }
        hidden = look(connection);
    }
}

bool PostgresWatch::look(PostgresConnection& connection) {
    std::int64_t visible = 0;
    std::int64_t newest = 0;
    connection.each(
        "SELECT (SELECT MAX(n) FROM change_log), (SELECT MAX(n) FROM change_row)",
        {},
        [&](const Row& row) {
            visible = row.integer(0);
            newest = row.integer(1);
            return Visit::stop;
        }
    );
    if (visible > seen_) {
        seen_ = visible;
        wake_();
    }
    return newest > visible;
}

}  // namespace leadbridge
