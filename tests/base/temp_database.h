#pragma once
// A folder and a database that live as long as a test. The database has no thread of its own and
// does not sync: a write costs microseconds. For what needs the real thing, open_sqlite() in a
// TempDir. It is a SQLite file, or a database on the test server where the tests run with
// LEADBRIDGE_TEST_ENGINE=postgres.

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/postgres_database.h"
#include "base/sqlite_database.h"
#include "tests/store/temp_postgres.h"

namespace leadbridge {

class TempDir {
public:
    TempDir() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "leadbridge-test-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("cannot make a folder like " + pattern);
        }
        path_ = pattern;
    }

    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    ~TempDir() {
        std::error_code ec;
        std::filesystem::remove_all(path_, ec);
    }

    std::string file(const std::string& name) const { return path_ + "/" + name; }

    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

// TempDatabase t({{"crm", crm::migrations()}}); t.db().write<...>(...); t.clock.advance(1000);
struct TempDatabase {
    explicit TempDatabase(
        const std::vector<RoomMigrations>& rooms = {},
        SqliteWriterMode writer = SqliteWriterMode::on_caller_for_tests,
        const Clock* other_clock = nullptr,
        Engine engine = test_engine()
    ) {
        const Clock& its_clock = other_clock != nullptr ? *other_clock : clock;
        options.path = dir.file("core.db");
        options.ballast_bytes = 0;
        options.durability = SqliteDurability::none_for_tests;
        options.writer = writer;
        if (engine == Engine::postgres) {
            postgres = std::make_unique<TempPostgres>(schema_of(rooms));
            postgres_options.url = postgres->url();
            postgres_options.threads = writer == SqliteWriterMode::on_caller_for_tests
                                           ? PostgresThreads::on_caller_for_tests
                                           : PostgresThreads::own;
            database = open_postgres(postgres_options, its_clock, metrics);
        } else {
            database = open_sqlite(options, its_clock, metrics);
        }
        if (!postgres || !postgres->used()) {
            database->migrate(rooms);
        }
        if (postgres) {
            postgres->keep();
        }
    }

    Database& db() { return *database; }

    // Closes the database and opens it again, as a new process would.
    void reopen() {
        database.reset();
        database = postgres ? open_postgres(postgres_options, clock, metrics)
                            : open_sqlite(options, clock, metrics);
    }

    TempDir dir;
    ManualClock clock;
    Metrics metrics;
    SqliteOptions options;
    PostgresOptions postgres_options;
    std::unique_ptr<TempPostgres> postgres;
    std::unique_ptr<Database> database;

private:
    static std::string schema_of(const std::vector<RoomMigrations>& rooms) {
        std::string text;
        for (const auto& room : rooms) {
            text += room.room;
            for (const auto& migration : room.migrations) {
                text += migration.sql;
            }
        }
        return text;
    }
};

}  // namespace leadbridge
