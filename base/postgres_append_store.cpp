// The batched path: a row, its dedupe key, and what a taken key means (docs/storage.md).

#include <utility>

#include "base/append_row.h"
#include "base/log.h"
#include "base/postgres_append.h"
#include "base/postgres_transaction.h"

namespace leadbridge {

namespace {

constexpr const char* begin = "BEGIN ISOLATION LEVEL READ COMMITTED";

}  // namespace

void PostgresAppender::store_together(PostgresConnection& connection, Group& group) {
    connection.prepare_for(begin, {});
    connection.prepare_for("COMMIT", {});
    for (const auto& append : group) {
        const AppendRow& row = append.row;
        connection.prepare_for(row.table->insert, params_of(row));
        if (!row.table->select_body.empty()) {
            connection.prepare_for(row.table->select_body, key_of(row));
        }
        if (row.change) {
            static const std::vector<Param> kinds = {0, 0, 0, "", 0, "", 0};
            connection.prepare_for(insert_change, kinds);
        }
    }
    connection.begin_pipeline();
    connection.send(begin, {});
    for (const auto& append : group) {
        connection.send(append.row.table->insert, params_of(append.row));
    }
    const auto counts = connection.receive();
    const Ask ask = [&](std::string_view sql, Params params, const auto& visit) {
        connection.send(sql, params);
        return connection.receive([&](std::size_t, const Row& row) { visit(row); }).front();
    };
    for (std::size_t i = 0; i < group.size(); ++i) {
        if (counts.at(i + 1) > 0) {
            group[i].outcome = AppendOutcome::stored;
        } else {
            settle_taken(ask, group[i]);
        }
    }
    add_changes(
        [&](std::string_view sql, Params params, const auto&) {
            connection.send(sql, params);
            return 1;
        },
        group
    );
    connection.send("COMMIT", {});
    commit_sent_ = true;
    connection.end_pipeline();
}

void PostgresAppender::store_one_by_one(PostgresConnection& connection, Group& group) {
    connection.script(begin);
    const Ask ask = [&](std::string_view sql, Params params, const auto& visit) {
        connection.each(sql, params, visit);
        return 0;
    };
    for (auto& append : group) {
        connection.script("SAVEPOINT one_row");
        try {
            const auto stored = connection.execute(append.row.table->insert, params_of(append.row));
            if (stored > 0) {
                append.outcome = AppendOutcome::stored;
            } else {
                settle_taken(
                    [&](std::string_view sql, Params params, const auto& visit) {
                        if (sql == append.row.table->insert) {
                            return connection.execute(sql, params);
                        }
                        return ask(sql, params, visit);
                    },
                    append
                );
            }
            connection.script("RELEASE one_row");
        } catch (const DatabaseError& e) {
            const auto* trouble = dynamic_cast<const PostgresError*>(&e);
            if (trouble != nullptr && trouble->failure != PostgresFailure::statement) {
                throw;
            }
            connection.script("ROLLBACK TO one_row; RELEASE one_row");
            append.outcome = AppendOutcome::failed;
            log::error(
                "base",
                "a row was refused",
                {{"table", append.row.table->name}, {"error", e.what()}}
            );
        }
    }
    add_changes(
        [&](std::string_view sql, Params params, const auto&) {
            return connection.execute(sql, params);
        },
        group
    );
    commit_sent_ = true;
    connection.commit();
}

void PostgresAppender::settle_taken(const Ask& ask, PostgresAppend& append) {
    AppendRow& row = append.row;
    const auto same_body = [&] {
        bool same = row.table->select_body.empty();
        if (!same) {
            // Nothing under that key any more counts as another body.
            ask(row.table->select_body, key_of(row), [&](const Row& found) {
                same = found.blob(0) == body_of(row);
                return Visit::stop;
            });
        }
        return same;
    };
    if (same_body()) {
        append.outcome = append.unheard ? append.outcome : AppendOutcome::duplicate;
        return;
    }
    const auto none = [](const Row&) { return Visit::stop; };
    for (int attempt = 0; row.other_key && attempt < 2; ++attempt) {
        row.values.at(static_cast<std::size_t>(row.table->key_column)) = row.other_key(attempt);
        if (ask(row.table->insert, params_of(row), none) > 0) {
            append.outcome = AppendOutcome::stored_anew;
            return;
        }
        // The key made from the text is the same for a repeat: then the row is here already.
        if (same_body()) {
            append.outcome = AppendOutcome::duplicate;
            return;
        }
    }
    log::error(
        "base",
        "a row met a taken key with another body and had no other key",
        {{"table", row.table->name}}
    );
    append.outcome = AppendOutcome::failed;
}

void PostgresAppender::add_changes(const Ask& ask, const Group& group) {
    std::int64_t number = 0;
    for (const auto& append : group) {
        const AppendRow& row = append.row;
        if (!row.change || !append.stored()) {
            continue;
        }
        const ChangedRow changed = changed_row(row);
        const std::vector<Param> params = {
            change_base_,
            number++,
            changed.corp,
            row.change->first,
            changed.id,
            row.change->second,
            clock_.now()};
        ask(insert_change, params, {});
    }
}

}  // namespace leadbridge
