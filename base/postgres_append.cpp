#include "base/postgres_append.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/postgres_transaction.h"

namespace leadbridge {

namespace {

constexpr std::size_t group_rows = 512;
constexpr std::int64_t group_bytes = 1 << 20;
constexpr auto max_age = std::chrono::seconds(2);
constexpr auto retry_pause = std::chrono::milliseconds(20);
constexpr const char* begin = "BEGIN ISOLATION LEVEL READ COMMITTED";

const std::vector<double> row_buckets = {1, 2, 5, 10, 20, 50, 100, 200, 512, 1000};
const std::vector<double> second_buckets = {
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5};

thread_local bool answering = false;

std::string_view bytes_of(const OwnedValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) {
        return *text;
    }
    if (const auto* blob = std::get_if<std::vector<char>>(&value)) {
        return {blob->data(), blob->size()};
    }
    return {};
}

struct ToParam {
    Param operator()(std::nullptr_t) const { return nullptr; }

    Param operator()(std::int64_t v) const { return v; }

    Param operator()(double v) const { return v; }

    Param operator()(const std::string& v) const { return v; }

    Param operator()(const std::vector<char>& v) const { return Blob{{v.data(), v.size()}}; }
};

std::vector<Param> params_of(const std::vector<OwnedValue>& values) {
    std::vector<Param> params;
    params.reserve(values.size());
    for (const auto& value : values) {
        params.push_back(std::visit(ToParam{}, value));
    }
    return params;
}

const OwnedValue& at(const AppendRow& row, int column) {
    return row.values.at(static_cast<std::size_t>(column));
}

std::vector<Param> key_of(const AppendRow& row) {
    return {
        std::visit(ToParam{}, at(row, row.table->corp_column)),
        std::visit(ToParam{}, at(row, row.table->key_column))};
}

bool was_stored(const PostgresAppend& append) {
    return append.outcome == AppendOutcome::stored || append.outcome == AppendOutcome::stored_anew;
}

}  // namespace

PostgresAppender::PostgresAppender(
    const PostgresOptions& options,
    const Clock& clock,
    Metrics& metrics,
    PostgresPool& pool,
    std::int64_t change_base,
    std::function<void()> changed
)
    : options_(options),
      clock_(clock),
      pool_(pool),
      change_base_(change_base),
      changed_(std::move(changed)),
      commits_total_(
          metrics.counter("leadbridge_db_commits_total", "Durable commits", {{"db", options.name}})
      ),
      failures_total_(metrics.counter(
          "leadbridge_db_failures_total",
          "Groups that failed and were not acknowledged",
          {{"db", options.name}}
      )),
      group_rows_(metrics.histogram(
          "leadbridge_db_group_rows",
          "Rows and writes per commit",
          row_buckets,
          {{"db", options.name}}
      )),
      commit_seconds_(metrics.histogram(
          "leadbridge_db_commit_seconds",
          "Time from BEGIN to the end of COMMIT",
          second_buckets,
          {{"db", options.name}}
      )) {}

bool PostgresAppender::answering_here() noexcept {
    return answering;
}

bool PostgresAppender::push(PostgresAppend append) {
    {
        auto state = state_.lock();
        append.since = RealClock::now();
        const bool full =
            static_cast<std::int64_t>(state->waiting.size()) >= options_.max_waiting_rows ||
            state->bytes + append.bytes > options_.max_waiting_bytes;
        const bool late =
            !state->waiting.empty() && append.since - state->waiting.front().since > max_age;
        if (state->closed || full || late) {
            return false;
        }
        state->bytes += append.bytes;
        state->waiting.push_back(std::move(append));
    }
    filled_.notify_one();
    return true;
}

void PostgresAppender::close() {
    state_.lock()->closed = true;
    filled_.notify_all();
}

PostgresAppender::Group PostgresAppender::take(Wait wait) {
    Group group;
    auto state = state_.lock();
    if (wait == Wait::yes) {
        filled_.wait(state.raw(), [&] { return state->closed || !state->waiting.empty(); });
    }
    std::int64_t bytes = 0;
    while (!state->waiting.empty() && group.size() < group_rows && bytes < group_bytes) {
        bytes += state->waiting.front().bytes;
        group.push_back(std::move(state->waiting.front()));
        state->waiting.pop_front();
    }
    state->bytes -= bytes;
    state->running = static_cast<std::int64_t>(group.size());
    return group;
}

void PostgresAppender::serve() {
    for (Group group = take(Wait::yes); !group.empty(); group = take(Wait::yes)) {
        run(std::move(group));
    }
}

void PostgresAppender::work_here() {
    for (Group group = take(Wait::no); !group.empty(); group = take(Wait::no)) {
        run(std::move(group));
    }
}

void PostgresAppender::run(Group group) {
    const auto start = RealClock::now();
    const auto until = start + std::chrono::milliseconds(options_.patience_ms);
    one_by_one_ = false;
    while (!attempt(group)) {
        if (RealClock::now() >= until) {
            failures_total_.add();
            log::error(
                "base",
                "a group of rows could not be stored and was not acknowledged",
                {{"db", options_.name}, {"rows", group.size()}}
            );
            for (auto& append : group) {
                append.outcome = AppendOutcome::failed;
            }
            break;
        }
        std::this_thread::sleep_for(retry_pause);
    }
    commit_seconds_.observe(std::chrono::duration<double>(RealClock::now() - start).count());
    group_rows_.observe(static_cast<double>(group.size()));
    answer(group);
}

bool PostgresAppender::attempt(Group& group) {
    commit_sent_ = false;
    try {
        auto connection = pool_.take();
        try {
            if (one_by_one_) {
                store_one_by_one(*connection, group);
            } else {
                store_together(*connection, group);
            }
            return true;
        } catch (...) {
            connection.drop();  // whatever is left in its pipeline
            throw;
        }
    } catch (const PostgresError& e) {
        if (e.failure == PostgresFailure::lost) {
            pool_.renew();
        }
        one_by_one_ = one_by_one_ || e.failure == PostgresFailure::statement;
        log::warn(
            "base",
            "a group of rows is stored again",
            {{"db", options_.name}, {"commit_sent", commit_sent_}, {"error", e.what()}}
        );
    } catch (const DatabaseError& e) {
        one_by_one_ = true;
    }
    for (auto& append : group) {
        // Of a commit that nobody heard of the keys tell: found there, the row is ours or an equal
        // one.
        append.unheard = append.unheard || (commit_sent_ && was_stored(append));
    }
    return false;
}

void PostgresAppender::store_together(PostgresConnection& connection, Group& group) {
    connection.prepare_for(begin, {});
    connection.prepare_for("COMMIT", {});
    for (const auto& append : group) {
        const AppendRow& row = append.row;
        connection.prepare_for(row.table->insert, params_of(row.values));
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
        connection.send(append.row.table->insert, params_of(append.row.values));
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
            const auto stored =
                connection.execute(append.row.table->insert, params_of(append.row.values));
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
                same = found.blob(0) == bytes_of(at(row, row.table->body_column));
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
        if (ask(row.table->insert, params_of(row.values), none) > 0) {
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
        if (!row.change || !was_stored(append)) {
            continue;
        }
        const auto* corp = std::get_if<std::int64_t>(&at(row, row.table->corp_column));
        const auto* id = std::get_if<std::int64_t>(&at(row, 0));
        if (corp == nullptr || id == nullptr) {
            throw DatabaseError(
                "a row with a change must have an integer id first and an integer corp"
            );
        }
        const std::vector<Param> params = {
            change_base_,
            number++,
            *corp,
            row.change->first,
            *id,
            row.change->second,
            clock_.now()};
        ask(insert_change, params, {});
    }
}

void PostgresAppender::answer(Group& group) {
    bool changes = false;
    bool stored = false;
    for (const auto& append : group) {
        changes = changes || (append.row.change && was_stored(append));
        stored = stored || append.outcome != AppendOutcome::failed;
    }
    if (stored) {
        ++commits_;
        commits_total_.add();
        appended_ += static_cast<std::int64_t>(group.size());
    }
    answering = true;
    for (auto& append : group) {
        append.done(append.outcome);
    }
    if (changes) {
        changed_();
    }
    answering = false;
    state_.lock()->running = 0;
}

}  // namespace leadbridge
