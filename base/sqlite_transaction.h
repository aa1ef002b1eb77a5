#pragma once
// What an fn of Database::write and read sees. Private to the engine.

#include <functional>
#include <vector>

#include "base/sqlite_connection.h"

namespace leadbridge {

class SqliteSnapshot final : public Snapshot {
public:
    explicit SqliteSnapshot(SqliteConnection& connection) : connection_(connection) {}

    using Snapshot::each;

    void each(std::string_view sql, Params params, const std::function<Visit(const Row&)>& visit)
        override {
        connection_.each(sql, params, visit);
    }

private:
    SqliteConnection& connection_;
};

class SqliteTransaction final : public Transaction {
public:
    // last_change is the newest number given in this group; a rollback of this transaction must put
    // it back.
    SqliteTransaction(SqliteConnection& connection, const Clock& clock, std::int64_t& last_change)
        : connection_(connection), clock_(clock), last_change_(last_change) {}

    using Snapshot::each;
    using Transaction::execute;

    void each(std::string_view sql, Params params, const std::function<Visit(const Row&)>& visit)
        override {
        connection_.each(sql, params, visit);
    }

    std::int64_t execute(std::string_view sql, Params params) override {
        return connection_.execute(sql, params);
    }

    void changed(const Change& change) override {
        try {
            connection_.execute(
                "INSERT INTO change_log(n, corp_id, topic, id, kind, ms) VALUES(?,?,?,?,?,?)",
                {last_change_ + 1, change.corp, change.topic, change.id, change.kind, clock_.now()}
            );
        } catch (const ConstraintViolation& e) {
            // Somebody else has written to the log of this file; reopening reads the numbering
            // anew.
            connection_.mark_troubled(e.what());
            throw StoreTrouble(connection_.trouble(), 0);
        }
        ++last_change_;
    }

    void after_commit(std::function<void()> signal) override {
        signals_.push_back(std::move(signal));
    }

    std::vector<std::function<void()>>& signals() { return signals_; }

private:
    SqliteConnection& connection_;
    const Clock& clock_;
    std::int64_t& last_change_;
    std::vector<std::function<void()>> signals_;
};

}  // namespace leadbridge
