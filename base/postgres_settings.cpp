// Opening a connection: checks that name the fix, settings, and what errors mean.

#include <fmt/format.h>
#include <libpq-fe.h>

#include <string>

#include "base/postgres_connection.h"

namespace leadbridge {

namespace {

constexpr int oldest_server = 140'000;

PostgresFailure failure_of(std::string_view state) {
    // serialization_failure, deadlock_detected.
    if (state == "40001" || state == "40P01") {
        return PostgresFailure::conflict;
    }
    // Connection exceptions; the server is going down or coming up; a prepared statement from
    // before a migration, which a new connection has not.
    if (state.empty() || state.starts_with("08") || state.starts_with("57P") || state == "0A000") {
        return PostgresFailure::lost;
    }
    return PostgresFailure::statement;
}

std::string field(const pg_result* result, int which) {
    const char* value = result == nullptr ? nullptr : PQresultErrorField(result, which);
    return value == nullptr ? std::string() : value;
}

std::string trimmed(const char* message) {
    std::string text = message == nullptr ? "" : message;
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    return text;
}

}  // namespace

PostgresConnection::PostgresConnection(const PostgresOptions& options, PostgresRole role) {
    // The URL stands last and so has the last word.
    const char* keys[] = {
        "connect_timeout",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "fallback_application_name",
        "client_encoding",
        "dbname",
        nullptr};
    const char* values[] = {
        "5", "10", "5", "3", "15000", "leadbridge", "UTF8", options.url.c_str(), nullptr};
    connection_.reset(PQconnectdbParams(keys, values, 1));
    if (connection_ == nullptr || PQstatus(connection_.get()) != CONNECTION_OK) {
        throw PostgresError(
            fmt::format(
                "PostgreSQL cannot be reached: {}. Check database.url and that the server takes "
                "connections",
                trimmed(PQerrorMessage(connection_.get()))
            ),
            PostgresFailure::lost
        );
    }
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr
    );
    check_server();
    configure(options, role);
}

void PostgresConnection::check_server() {
    if (const int version = PQserverVersion(connection_.get()); version < oldest_server) {
        throw DatabaseError(fmt::format(
            "PostgreSQL {} is too old: LeadBridge needs 14 or newer (15 is tested); upgrade the "
            "server",
            version / 10'000
        ));
    }
    const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
    if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
        throw DatabaseError(fmt::format(
            "the database is in {} and must be in UTF8: create it with createdb -E UTF8 -T "
            "template0",
            encoding == nullptr ? "an unknown encoding" : encoding
        ));
    }
}

void PostgresConnection::configure(const PostgresOptions& options, PostgresRole role) {
    const bool writer = role == PostgresRole::writer;
    script(fmt::format(
        "SET search_path = {}; SET client_min_messages = warning; SET statement_timeout = {};"
        "SET idle_in_transaction_session_timeout = {}; SET default_transaction_read_only = {};"
        "SET default_transaction_isolation = '{}'; SET jit = off;"
        // An acknowledgement stands for a commit on disk, whatever the server's default; stricter
        // settings stay.
        "SELECT set_config('synchronous_commit', 'on', false) WHERE "
        "current_setting('synchronous_commit') = 'off'",
        options.name,
        writer ? options.write_limit_ms : options.read_limit_ms,
        writer ? options.write_limit_ms * 2 : options.read_limit_ms * 2,
        writer ? "off" : "on",
        writer ? "serializable" : "repeatable read"
    ));
}

bool PostgresConnection::in_transaction() const noexcept {
    const auto status = PQtransactionStatus(connection_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool PostgresConnection::lost() const noexcept {
    return PQstatus(connection_.get()) != CONNECTION_OK;
}

PostgresResult PostgresConnection::checked(pg_result* raw, std::string_view doing) {
    PostgresResult result(raw);
    switch (raw == nullptr ? PGRES_FATAL_ERROR : PQresultStatus(raw)) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
            return result;
        default:
            raise(raw, doing);
    }
}

void PostgresConnection::raise(const pg_result* result, std::string_view doing) {
    const std::string state = field(result, PG_DIAG_SQLSTATE);
    const std::string message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    const std::string what = fmt::format(
        "{} ({}) in: {}",
        message.empty() ? trimmed(PQerrorMessage(connection_.get())) : message,
        state.empty() ? "no answer" : state,
        doing
    );
    if (state.starts_with("23")) {
        throw ConstraintViolation(what);
    }
    if (state == "57014") {
        throw DatabaseError("a statement took longer than its limit and was stopped: " + what);
    }
    throw PostgresError(what, lost() ? PostgresFailure::lost : failure_of(state), state);
}

}  // namespace leadbridge
