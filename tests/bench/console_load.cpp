// Fills a data directory that `leadbridge migrate` has made, for `deploy/bench console`:
//   console_load DATA_DIR CONTACTS MESSAGES
// A company of 200 members with that many customers and archived messages, through the rooms' own
// row formats, in large transactions that nothing waits for: a run that is cut leaves rubbish.
// Prints one JSON line: corp, seconds.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "base/metrics.h"
#include "base/rng.h"
#include "base/sqlite_database.h"
#include "tests/bench/console_load.h"

namespace leadbridge::bench {

IndexesAside::IndexesAside(
    Database& db, const std::vector<std::string>& tables, const std::vector<std::string>& keep
)
    : db_(db) {
    write(db_, [&](Transaction& tx) {
        for (const std::string& table : tables) {
            const auto found = tx.all(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql "
                "IS NOT NULL",
                {table},
                [](const Row& row) { return std::pair(row.str(0), row.str(1)); }
            );
            for (const auto& [name, sql] : found) {
                if (std::find(keep.begin(), keep.end(), name) == keep.end()) {
                    statements_.push_back(sql);
                    tx.execute("DROP INDEX " + name);
                }
            }
        }
    });
}

void IndexesAside::restore() {
    for (const std::string& sql : statements_) {
        write(db_, [&](Transaction& tx) { tx.execute(sql); });
    }
}

void trim_log(Database& db) {
    write(db, [](Transaction& tx) {
        tx.execute("DELETE FROM change_log WHERE n < (SELECT MAX(n) - 1000 FROM change_log)");
    });
}

namespace {

std::unique_ptr<Database> opened(
    const std::string& file, int page_size, const Clock& clock, Metrics& metrics
) {
    SqliteOptions options;
    options.path = file;
    options.page_size = page_size;
    options.writer_cache_kb = 1 << 20;
    options.durability = SqliteDurability::none_for_tests;
    options.writer = SqliteWriterMode::on_caller_for_tests;
    return open_sqlite(options, clock, metrics);
}

void run(const std::string& dir, std::int64_t contacts, std::int64_t messages) {
    auto lock = DataDirLock::take(dir);
    if (!lock) {
        throw DatabaseError(lock.error().message);
    }
    const SystemClock wall;
    StoryClock clock;
    const Plan plan(contacts, messages, wall.now());
    clock.restart(plan.start());
    Metrics metrics;
    SystemRng rng;
    const auto core = opened(dir + "/core.db", 4'096, clock, metrics);
    const auto archive = opened(dir + "/archive.db", 8'192, clock, metrics);
    auto key = load_master_key(dir + "/master.key", MissingKey::create);
    auto vault = key ? Vault::open(*core, clock, rng, std::move(*key))
                     : Result<std::unique_ptr<Vault>>(key.error());
    if (!vault) {
        throw DatabaseError(vault.error().message);
    }
    IdSource ids(clock, 0);
    IdSource archive_ids(clock, 0);
    Load load{plan, *core, *archive, **vault, clock, ids, archive_ids};
    const std::int64_t began = wall.steady_ms();
    load_company(load);
    load_messages(load);
    const std::int64_t said = wall.steady_ms();
    clock.restart(plan.start());
    load_people(load);
    load_push(load);
    fmt::print(
        "{{\"corp\":\"{}\",\"seconds\":{:.1f},\"seconds_messages\":{:.1f}}}\n",
        load.corp.value,
        static_cast<double>(wall.steady_ms() - began) / 1'000,
        static_cast<double>(said - began) / 1'000
    );
}

}  // namespace

}  // namespace leadbridge::bench

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: console_load DATA_DIR CONTACTS MESSAGES\n", stderr);
        return 2;
    }
    try {
        leadbridge::bench::run(argv[1], std::atoll(argv[2]), std::atoll(argv[3]));
        return 0;
    } catch (const std::exception& e) {
        fmt::print(stderr, "console_load: {}\n", e.what());
        return 1;
    }
}
