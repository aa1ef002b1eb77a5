#pragma once
// What an fn of Database::write and read sees. Private to the engine.

#include <functional>
#include <vector>

#include "base/postgres_connection.h"

namespace leadbridge {

// Changes are numbered in commit order: the transaction's own number (plus the base of this
// database, see postgres_schema.h), then its changes one by one. Readers take only what is older
// than every open transaction.
inline constexpr int change_bits = 12;
inline constexpr const char* insert_change =
    "INSERT INTO change_row(n, corp_id, topic, id, kind, ms) VALUES("
    "((CAST(CAST(pg_current_xact_id() AS TEXT) AS INTEGER) + ?) << 12) + ?,?,?,?,?,?)";

class PostgresSnapshot final : public Snapshot {
public:
    explicit PostgresSnapshot(PostgresConnection& connection) : connection_(connection) {}

    using Snapshot::each;

    void each(std::string_view sql, Params params, const std::function<Visit(const Row&)>& visit)
        override {
        connection_.each(sql, params, visit);
    }

private:
    PostgresConnection& connection_;
};

// Thrown through an fn that is run again; not an exception that a room might catch.
struct PostgresRunAgain {};

// Why an attempt came to nothing and the fn should run again.
enum class PostgresAgain {
    no,
    conflict,  // with another transaction
    guarded,   // the fn goes on after a refused statement, so each needs a savepoint
    lost,      // the connection, before COMMIT
};

enum class Savepoints { no, yes };

class PostgresTransaction final : public Transaction {
public:
    PostgresTransaction(
        PostgresConnection& connection,
        const Clock& clock,
        std::int64_t change_base,
        Savepoints savepoints
    )
        : connection_(connection),
          clock_(clock),
          change_base_(change_base),
          savepoints_(savepoints) {}

    using Snapshot::each;
    using Transaction::execute;

    void each(std::string_view sql, Params params, const std::function<Visit(const Row&)>& visit)
        override;
    std::int64_t execute(std::string_view sql, Params params) override;
    void changed(const Change& change) override;

    void after_commit(std::function<void()> signal) override {
        signals_.push_back(std::move(signal));
    }

    PostgresAgain again() const { return again_; }

    // A statement was refused and took the transaction with it.
    bool failed() const { return failed_; }

    std::int64_t changes() const { return changes_; }

    std::vector<std::function<void()>>& signals() { return signals_; }

private:
    template <class F>
    void run(F statement);
    void statement_failed();

    PostgresConnection& connection_;
    const Clock& clock_;
    const std::int64_t change_base_;
    const Savepoints savepoints_;
    std::int64_t changes_ = 0;
    bool failed_ = false;
    PostgresAgain again_ = PostgresAgain::no;
    std::vector<std::function<void()>> signals_;
};

}  // namespace leadbridge
