#pragma once
// One connection to PostgreSQL with its prepared statements. Used by one thread at a time. Private
// to the engine.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/database.h"
#include "base/postgres_database.h"

struct pg_conn;
struct pg_result;

namespace leadbridge {

class PostgresValues;

// What an error means for the transaction it happened in.
enum class PostgresFailure {
    statement,  // this statement is wrong or refused
    conflict,   // another transaction was in the way: the same may succeed when run again
    lost,       // no connection any more
};

class PostgresError : public DatabaseError {
public:
    PostgresError(const std::string& what, PostgresFailure kind, std::string sql_state = {})
        : DatabaseError(what), failure(kind), state(std::move(sql_state)) {}

    const PostgresFailure failure;
    const std::string state;  // of the SQL standard; "" = no answer
};

enum class PostgresRole { writer, reader };

struct PostgresResultFree {
    void operator()(pg_result* result) const noexcept;
};

using PostgresResult = std::unique_ptr<pg_result, PostgresResultFree>;

// All rows of a query.
class PostgresRows {
public:
    PostgresRows() = default;

    explicit PostgresRows(PostgresResult result) : result_(std::move(result)) {}

    void each(const std::function<Visit(const Row&)>& visit) const;

private:
    PostgresResult result_;
};

class PostgresConnection {
public:
    // Connects and applies the settings. Throws PostgresError(lost) when the server is away,
    // DatabaseError when it will not do.
    PostgresConnection(const PostgresOptions& options, PostgresRole role);
    ~PostgresConnection();
    PostgresConnection(const PostgresConnection&) = delete;
    PostgresConnection& operator=(const PostgresConnection&) = delete;

    // Portable statements, prepared once. Throw ConstraintViolation, PostgresError, DatabaseError.
    PostgresRows query(std::string_view sql, Params params);

    void each(std::string_view sql, Params params, const std::function<Visit(const Row&)>& visit) {
        query(sql, params).each(visit);
    }

    std::int64_t execute(std::string_view sql, Params params);

    std::int64_t execute(std::string_view sql, ParamList params = {}) {
        return execute(sql, Params{params.begin(), params.size()});
    }

    std::int64_t number(std::string_view sql);
    // PostgreSQL's own words, several statements, not prepared. A multi-statement text is one
    // transaction when none is open.
    void script(const std::string& sql);

    // COMMIT. Throws PostgresError: with `lost`, whether it was stored is unknown.
    void commit();
    // Leaves the transaction, whatever its state. Never throws.
    void roll_back() noexcept;

    // Statements sent through a pipeline must be prepared before it.
    void prepare_for(std::string_view sql, Params params);
    // A pipeline: statements are sent without waiting; receive() gives their answers in order.
    // After a refused statement all further ones are refused; end_pipeline() must come in any case.
    void begin_pipeline();
    void send(std::string_view sql, Params params);
    // Rows affected by each statement sent since the last receive(). `visit` sees the first row of
    // a query. Throws the first error, after it has read all answers.
    std::vector<std::int64_t> receive(
        const std::function<void(std::size_t, const Row&)>& visit = {}
    );
    // Sends the one sync and reads all answers to it; throws as receive().
    void end_pipeline();

    bool in_transaction() const noexcept;
    bool lost() const noexcept;
    // Waits until the server says something or `other_fd` is readable. Notifications are taken up;
    // true when one came from another connection.
    bool wait_for_notification(int other_fd, int max_ms);

private:
    struct Close {
        void operator()(pg_conn* connection) const noexcept;
    };

    struct Statement {
        std::string name;
        int placeholders = 0;
    };

    void check_server();
    void configure(const PostgresOptions& options, PostgresRole role);
    const Statement& prepared(std::string_view sql, Params params, const PostgresValues& values);
    Statement prepare(std::string_view sql, const PostgresValues& values);
    Statement prepare_as(std::string_view sql, int count, const unsigned* types);
    const Statement* known(const std::string& key) const;
    PostgresResult run(std::string_view sql, Params params);
    PostgresResult checked(pg_result* raw, std::string_view doing);
    std::vector<std::int64_t> answers(const std::function<void(std::size_t, const Row&)>& visit);
    [[noreturn]] void raise(const pg_result* result, std::string_view doing);
    void forget_statements();

    std::unordered_map<std::string, Statement> statements_;  // by types and portable text
    std::int64_t prepared_ = 0;
    std::vector<std::string> sent_;  // into the pipeline, not answered yet
    std::unique_ptr<pg_conn, Close> connection_;
};

}  // namespace leadbridge
