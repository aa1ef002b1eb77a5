// Sending without waiting, and hearing of notifications.

#include <libpq-fe.h>
#include <poll.h>

#include <exception>

#include "base/postgres_connection.h"
#include "base/postgres_row.h"
#include "base/postgres_values.h"

namespace leadbridge {

void PostgresConnection::prepare_for(std::string_view sql, Params params) {
    prepared(sql, params, PostgresValues(params));
}

void PostgresConnection::begin_pipeline() {
    if (PQenterPipelineMode(connection_.get()) == 0) {
        raise(nullptr, "beginning a pipeline");
    }
    sent_.clear();
}

void PostgresConnection::send(std::string_view sql, Params params) {
    const PostgresValues values(params);
    const Statement& statement = prepared(sql, params, values);
    const int sent = PQsendQueryPrepared(
        connection_.get(),
        statement.name.c_str(),
        values.count(),
        values.data(),
        values.lengths(),
        values.formats(),
        1
    );
    if (sent == 0) {
        raise(nullptr, sql);
    }
    sent_.emplace_back(sql);
}

std::vector<std::int64_t> PostgresConnection::receive(
    const std::function<void(std::size_t, const Row&)>& visit
) {
    if (PQsendFlushRequest(connection_.get()) == 0 || PQflush(connection_.get()) < 0) {
        raise(nullptr, "a pipeline");
    }
    return answers(visit);
}

std::vector<std::int64_t> PostgresConnection::answers(
    const std::function<void(std::size_t, const Row&)>& visit
) {
    std::vector<std::int64_t> counts;
    std::exception_ptr first_error;
    for (std::size_t i = 0; i < sent_.size(); ++i) {
        try {
            const auto result = checked(PQgetResult(connection_.get()), sent_[i]);
            counts.push_back(affected_rows(result.get()));
            if (visit && PQntuples(result.get()) > 0) {
                PostgresRow row(result.get());
                row.move_to(0);
                visit(i, row);
            }
        } catch (const DatabaseError&) {
            first_error = first_error ? first_error : std::current_exception();
        }
        // Each statement's answers end with a null one.
        while (!lost()) {
            const PostgresResult rest(PQgetResult(connection_.get()));
            if (!rest) {
                break;
            }
        }
    }
    sent_.clear();
    if (first_error) {
        std::rethrow_exception(first_error);
    }
    return counts;
}

void PostgresConnection::end_pipeline() {
    if (PQpipelineSync(connection_.get()) == 0) {
        raise(nullptr, "the end of a pipeline");
    }
    std::exception_ptr first_error;
    try {
        answers({});
    } catch (const DatabaseError&) {
        first_error = std::current_exception();
    }
    while (!lost()) {
        const PostgresResult result(PQgetResult(connection_.get()));
        if (result && PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
            break;
        }
    }
    if (first_error) {
        PQexitPipelineMode(connection_.get());
        std::rethrow_exception(first_error);
    }
    if (lost() || PQexitPipelineMode(connection_.get()) == 0) {
        raise(nullptr, "the end of a pipeline");
    }
}

bool PostgresConnection::wait_for_notification(int other_fd, int max_ms) {
    pollfd ready[] = {{PQsocket(connection_.get()), POLLIN, 0}, {other_fd, POLLIN, 0}};
    ::poll(ready, 2, max_ms);
    if (PQconsumeInput(connection_.get()) == 0) {
        raise(nullptr, "waiting for notifications");
    }
    bool heard = false;
    while (PGnotify* told = PQnotifies(connection_.get())) {
        heard = heard || told->be_pid != PQbackendPID(connection_.get());
        PQfreemem(told);
    }
    return heard;
}

}  // namespace leadbridge
