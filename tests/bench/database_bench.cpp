// Durable appends through the engine against a bare SQLite loop that commits the same bytes in
// groups of the same size, in one run. Read the ratio of rows_per_s, not the figures: the disk
// decides those. docs/storage.md names the gate.

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "base/database.h"
#include "base/rng.h"
#include "tests/base/temp_database.h"

namespace leadbridge {
namespace {

constexpr std::size_t body_bytes = 1000;
constexpr std::int64_t rows_per_round = 4096;

constexpr const char* schema =
    "CREATE TABLE row_in(id INTEGER PRIMARY KEY, corp_id INTEGER NOT NULL, key BLOB NOT NULL, body "
    "BLOB NOT NULL);"
    "CREATE UNIQUE INDEX row_in_key ON row_in(corp_id, key);";
constexpr const char* insert =
    "INSERT INTO row_in(id, corp_id, key, body) VALUES(?,?,?,?) ON CONFLICT(corp_id, key) DO "
    "NOTHING";
constexpr Migration migrations[] = {{1, schema}};
constexpr AppendTable table{
    "row_in", insert, "SELECT body FROM row_in WHERE corp_id = ? AND key = ?", 1, 2, 3};

// Time-ordered, like the inbox's keys.
std::vector<char> key_of(std::int64_t id) {
    std::vector<char> key(24, 'k');
    for (std::size_t i = 0; i < 8; ++i) {
        key[i] = static_cast<char>(id >> (56 - 8 * i) & 0xff);
    }
    return key;
}

const std::vector<char>& body() {
    static const std::vector<char> bytes = [] {
        SeededRng rng(1);
        const std::string random = rng.bytes(body_bytes);
        return std::vector<char>(random.begin(), random.end());
    }();
    return bytes;
}

// Keeps `clients` appends in flight, as so many connections would that each wait for their 200.
void engine_append(benchmark::State& state) {
    const auto clients = state.range(0);
    TempDir dir;
    SystemClock clock;
    Metrics metrics;
    SqliteOptions options;
    options.path = dir.file("core.db");
    auto db = open_sqlite(options, clock, metrics);
    const RoomMigrations room{"bench", migrations};
    db->migrate({&room, 1});
    std::mutex mutex;
    std::condition_variable freed;
    std::int64_t in_flight = 0;
    std::int64_t id = 0;
    std::atomic<std::int64_t> wrong = 0;
    const auto before = db->stats().commits;
    for (auto _ : state) {
        for (std::int64_t i = 0; i < rows_per_round; ++i) {
            {
                std::unique_lock lock(mutex);
                freed.wait(lock, [&] { return in_flight < clients; });
                ++in_flight;
            }
            ++id;
            AppendRow row;
            row.table = &table;
            row.values = {id, std::int64_t{1}, key_of(id), body()};
            const bool taken = db->append(std::move(row), [&](AppendOutcome outcome) {
                wrong += outcome == AppendOutcome::stored ? 0 : 1;
                {
                    const std::lock_guard lock(mutex);
                    --in_flight;
                }
                freed.notify_one();
            });
            wrong += taken ? 0 : 1;
        }
        std::unique_lock lock(mutex);
        freed.wait(lock, [&] { return in_flight == 0; });
    }
    if (wrong != 0) {
        state.SkipWithError("rows were refused");
    }
    const auto commits = std::max<std::int64_t>(1, db->stats().commits - before);
    state.counters["rows_per_s"] =
        benchmark::Counter(static_cast<double>(id), benchmark::Counter::kIsRate);
    state.counters["rows_per_commit"] = static_cast<double>(id) / static_cast<double>(commits);
}

void must(int code) {
    if (code != SQLITE_OK && code != SQLITE_DONE) {
        throw std::runtime_error("bare SQLite failed");
    }
}

void bare_loop(benchmark::State& state) {
    const auto group = state.range(0);
    TempDir dir;
    sqlite3* raw = nullptr;
    must(sqlite3_open(dir.file("bare.db").c_str(), &raw));
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> db(raw, sqlite3_close_v2);
    const auto run = [&](const char* sql) {
        must(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr));
    };
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA "
        "cache_size=-16384");
    run(schema);
    sqlite3_stmt* raw_statement = nullptr;
    must(sqlite3_prepare_v2(raw, insert, -1, &raw_statement, nullptr));
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(
        raw_statement, sqlite3_finalize
    );
    std::int64_t id = 0;
    std::int64_t unfolded = 0;
    for (auto _ : state) {
        for (std::int64_t i = 0; i < rows_per_round; i += group) {
            run("BEGIN IMMEDIATE");
            for (std::int64_t k = 0; k < group; ++k) {
                ++id;
                const auto key = key_of(id);
                sqlite3_bind_int64(raw_statement, 1, id);
                sqlite3_bind_int64(raw_statement, 2, 1);
                sqlite3_bind_blob(
                    raw_statement, 3, key.data(), static_cast<int>(key.size()), SQLITE_STATIC
                );
                sqlite3_bind_blob(
                    raw_statement, 4, body().data(), static_cast<int>(body().size()), SQLITE_STATIC
                );
                must(sqlite3_step(raw_statement));
                sqlite3_reset(raw_statement);
            }
            run("COMMIT");
        }
        unfolded += rows_per_round;
        if (unfolded >= 16'384) {  // about 16 MB of log, as the engine does
            unfolded = 0;
            must(sqlite3_wal_checkpoint_v2(raw, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr)
            );
        }
    }
    state.counters["rows_per_s"] =
        benchmark::Counter(static_cast<double>(id), benchmark::Counter::kIsRate);
    state.counters["rows_per_commit"] = static_cast<double>(group);
}

BENCHMARK(bare_loop)->Arg(1)->Arg(8)->Arg(32)->Arg(128)->UseRealTime()->Unit(benchmark::kMillisecond
);
BENCHMARK(engine_append)
    ->Arg(1)
    ->Arg(16)
    ->Arg(64)
    ->Arg(256)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// One short write at a time, as a handler makes it.
void engine_write(benchmark::State& state) {
    TempDir dir;
    SystemClock clock;
    Metrics metrics;
    SqliteOptions options;
    options.path = dir.file("core.db");
    auto db = open_sqlite(options, clock, metrics);
    const RoomMigrations room{"bench", migrations};
    db->migrate({&room, 1});
    std::int64_t id = 0;
    for (auto _ : state) {
        ++id;
        const auto key = key_of(id);
        auto done = db->write<bool>([&](Transaction& tx) -> Result<bool> {
            return tx.execute(
                       insert,
                       {id, 1, Blob{{key.data(), key.size()}}, Blob{{body().data(), body().size()}}}
                   ) == 1;
        });
        if (!done || !*done) {
            state.SkipWithError("a write was refused");
        }
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(engine_write)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace leadbridge
