// On PostgreSQL a refused statement takes its transaction with it; on SQLite it undoes itself
// alone, and an fn may go on. The few that do are run again with a savepoint around each statement.

#include "base/postgres_transaction.h"

namespace leadbridge {

template <class F>
void PostgresTransaction::run(F statement) {
    if (failed_) {
        again_ = again_ == PostgresAgain::no ? PostgresAgain::guarded : again_;
    }
    if (again_ != PostgresAgain::no) {
        throw PostgresRunAgain{};
    }
    try {
        if (savepoints_ == Savepoints::yes) {
            connection_.script("SAVEPOINT one_statement");
        }
        statement();
        if (savepoints_ == Savepoints::yes) {
            connection_.script("RELEASE one_statement");
        }
    } catch (const PostgresError& e) {
        if (e.failure != PostgresFailure::statement) {
            again_ = e.failure == PostgresFailure::conflict ? PostgresAgain::conflict
                                                            : PostgresAgain::lost;
            throw PostgresRunAgain{};
        }
        statement_failed();
        throw;
    } catch (const DatabaseError&) {
        statement_failed();
        throw;
    }
}

// Refused by the server, or by us before it was sent.
void PostgresTransaction::statement_failed() {
    if (savepoints_ == Savepoints::yes) {
        connection_.script("ROLLBACK TO one_statement; RELEASE one_statement");
    } else {
        failed_ = true;
    }
}

void PostgresTransaction::each(
    std::string_view sql, Params params, const std::function<Visit(const Row&)>& visit
) {
    // The rows are here before the first is visited: the visitor's own statements stand alone.
    PostgresRows rows;
    run([&] { rows = connection_.query(sql, params); });
    rows.each(visit);
}

std::int64_t PostgresTransaction::execute(std::string_view sql, Params params) {
    std::int64_t count = 0;
    run([&] { count = connection_.execute(sql, params); });
    return count;
}

void PostgresTransaction::changed(const Change& change) {
    if (changes_ >> change_bits != 0) {
        throw DatabaseError("a transaction with more than 4,096 changes; cut it into slices");
    }
    execute(
        insert_change,
        {change_base_, changes_, change.corp, change.topic, change.id, change.kind, clock_.now()}
    );
    ++changes_;
}

}  // namespace leadbridge
