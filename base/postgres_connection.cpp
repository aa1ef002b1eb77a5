#include "base/postgres_connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <utility>

#include "base/postgres_row.h"
#include "base/postgres_sql.h"
#include "base/postgres_values.h"

namespace leadbridge {

namespace {

constexpr std::size_t max_statements =
    500;  // SQL made at run time must not grow the cache for ever

}  // namespace

void PostgresResultFree::operator()(pg_result* result) const noexcept {
    PQclear(result);
}

void PostgresConnection::Close::operator()(pg_conn* connection) const noexcept {
    PQfinish(connection);
}

PostgresConnection::~PostgresConnection() = default;

const PostgresConnection::Statement* PostgresConnection::known(const std::string& key) const {
    const auto found = statements_.find(key);
    return found == statements_.end() ? nullptr : &found->second;
}

const PostgresConnection::Statement& PostgresConnection::prepared(
    std::string_view sql, Params params, const PostgresValues& values
) {
    std::string key = values.signature() + ' ';
    key += sql;
    const Statement* statement = known(key);
    if (statement == nullptr) {
        if (statements_.size() >= max_statements) {
            forget_statements();
        }
        statement = &statements_.emplace(std::move(key), prepare(sql, values)).first->second;
    }
    if (statement->placeholders != static_cast<int>(params.size())) {
        throw DatabaseError(fmt::format(
            "a statement wants {} values and got {}: {}",
            statement->placeholders,
            params.size(),
            sql
        ));
    }
    return *statement;
}

PostgresConnection::Statement PostgresConnection::prepare(
    std::string_view sql, const PostgresValues& values
) {
    if (!values.has_null()) {
        return prepare_as(sql, values.count(), values.types());
    }
    // A NULL takes its type from where it stands; where nothing tells one ("? IS NULL"), any will
    // do. Finding out must not cost the transaction.
    const bool guard = in_transaction();
    if (guard) {
        script("SAVEPOINT null_type");
    }
    auto types = values.types_of_all();
    Statement statement;
    while (statement.name.empty()) {
        try {
            statement = prepare_as(sql, values.count(), types.data());
        } catch (const PostgresError& e) {
            // "could not determine data type of parameter $1"
            const auto number = std::string_view(e.what()).find('$') + 1;
            const auto untold = static_cast<std::size_t>(std::atoi(e.what() + number)) - 1;
            if (e.state != "42P18" || number == 0 || untold >= types.size() || types[untold] != 0) {
                throw;
            }
            if (guard) {
                script("ROLLBACK TO null_type");
            }
            types[untold] = static_cast<unsigned>(PostgresType::text);
        }
    }
    if (guard) {
        script("RELEASE null_type");
    }
    return statement;
}

PostgresConnection::Statement PostgresConnection::prepare_as(
    std::string_view sql, int count, const unsigned* types
) {
    Statement statement{"s" + std::to_string(++prepared_), 0};
    const std::string translated = postgres_statement(sql);
    PGconn* connection = connection_.get();
    checked(PQprepare(connection, statement.name.c_str(), translated.c_str(), count, types), sql);
    const auto about = checked(PQdescribePrepared(connection, statement.name.c_str()), sql);
    statement.placeholders = PQnparams(about.get());
    return statement;
}

void PostgresConnection::forget_statements() {
    statements_.clear();
    script("DEALLOCATE ALL");
}

PostgresResult PostgresConnection::run(std::string_view sql, Params params) {
    const PostgresValues values(params);
    const Statement& statement = prepared(sql, params, values);
    return checked(
        PQexecPrepared(
            connection_.get(),
            statement.name.c_str(),
            values.count(),
            values.data(),
            values.lengths(),
            values.formats(),
            1
        ),
        sql
    );
}

void PostgresRows::each(const std::function<Visit(const Row&)>& visit) const {
    PostgresRow row(result_.get());
    const int rows = PQntuples(result_.get());
    for (int i = 0; i < rows; ++i) {
        row.move_to(i);
        if (visit(row) == Visit::stop) {
            break;
        }
    }
}

PostgresRows PostgresConnection::query(std::string_view sql, Params params) {
    return PostgresRows(run(sql, params));
}

std::int64_t PostgresConnection::execute(std::string_view sql, Params params) {
    return affected_rows(run(sql, params).get());
}

std::int64_t PostgresConnection::number(std::string_view sql) {
    std::int64_t value = 0;
    each(sql, {}, [&](const Row& row) {
        value = row.integer(0);
        return Visit::stop;
    });
    return value;
}

void PostgresConnection::script(const std::string& sql) {
    checked(PQexec(connection_.get(), sql.c_str()), std::string_view(sql).substr(0, 200));
}

void PostgresConnection::commit() {
    const auto result = checked(PQexec(connection_.get(), "COMMIT"), "COMMIT");
    // The server answers so when a statement of the transaction had failed.
    if (std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
        throw PostgresError(
            "the transaction had failed before its end", PostgresFailure::statement
        );
    }
}

void PostgresConnection::roll_back() noexcept {
    if (!lost()) {
        PQclear(PQexec(connection_.get(), "ROLLBACK"));
    }
}

}  // namespace leadbridge
