#pragma once
// A folder and a database that live as long as a test. The database has no thread of its own and
// does not sync: a write costs microseconds. For what needs the real thing, open_sqlite() in a
// TempDir.

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/sqlite_database.h"

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
        std::vector<RoomMigrations> rooms = {},
        SqliteWriterMode writer = SqliteWriterMode::on_caller_for_tests,
        const Clock* other_clock = nullptr
    ) {
        options.path = dir.file("core.db");
        options.ballast_bytes = 0;
        options.durability = SqliteDurability::none_for_tests;
        options.writer = writer;
        database = open_sqlite(options, other_clock != nullptr ? *other_clock : clock, metrics);
        database->migrate(rooms);
    }

    Database& db() { return *database; }

    TempDir dir;
    ManualClock clock;
    Metrics metrics;
    SqliteOptions options;
    std::unique_ptr<Database> database;
};

}  // namespace leadbridge
