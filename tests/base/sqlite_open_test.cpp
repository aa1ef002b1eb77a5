// Opening: settings, migrations, refusals that name the fix.

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/base/fault_vfs.h"
#include "tests/base/note_table.h"

namespace leadbridge {
namespace {

struct SqliteOpen : testing::Test {
    TempDir dir;
    ManualClock clock;
    Metrics metrics;
    SqliteOptions options;

    SqliteOpen() {
        options.path = dir.file("core.db");
        options.ballast_bytes = 0;
        options.durability = SqliteDurability::none_for_tests;
    }

    std::unique_ptr<Database> open() { return open_sqlite(options, clock, metrics); }

    std::string refusal() {
        try {
            open();
        } catch (const DatabaseError& e) {
            return e.what();
        }
        return "";
    }

    static std::int64_t number(Database& db, std::string_view sql) {
        return *db.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return s.number(sql);
        });
    }
};

constexpr Migration first_release[] = {
    {1, "CREATE TABLE a(x INTEGER); CREATE TABLE b(x INTEGER);"}};
constexpr Migration second_release[] = {
    {1, "CREATE TABLE a(x INTEGER); CREATE TABLE b(x INTEGER);"},
    {2, "INSERT INTO a(x) VALUES(1);"}};
constexpr Migration broken_release[] = {
    {1, "CREATE TABLE a(x INTEGER); CREATE TABLE b(x INTEGER);"},
    {2, "INSERT INTO a(x) VALUES(1); INSERT INTO nowhere VALUES(1);"}};
constexpr Migration future_release[] = {{1, "CREATE TABLE c(x INTEGER);", program_generation + 1}};

TEST_F(SqliteOpen, MigrationsRunOnceInOrderAndPerRoom) {
    const RoomMigrations first[] = {{"room", first_release}};
    const RoomMigrations second[] = {{"room", second_release}, {"other", note_migrations}};
    open()->migrate(first);
    auto db = open();
    db->migrate(second);
    db->migrate(second);
    db = nullptr;
    db = open();
    db->migrate(second);
    EXPECT_EQ(number(*db, "SELECT COUNT(*) FROM a"), 1);
    EXPECT_EQ(number(*db, "SELECT COUNT(*) FROM schema_migration"), 3);
}

TEST_F(SqliteOpen, AFailedMigrationIsUndoneAndNamed) {
    const RoomMigrations broken[] = {{"room", broken_release}};
    auto db = open();
    try {
        db->migrate(broken);
        FAIL();
    } catch (const DatabaseError& e) {
        EXPECT_NE(std::string(e.what()).find("room/2"), std::string::npos);
    }
    EXPECT_EQ(number(*db, "SELECT COUNT(*) FROM a"), 0);
    const RoomMigrations fixed[] = {{"room", second_release}};
    db->migrate(fixed);
    EXPECT_EQ(number(*db, "SELECT COUNT(*) FROM a"), 1);
}

TEST_F(SqliteOpen, AFileOfANewerProgramIsRefused) {
    const RoomMigrations future[] = {{"room", future_release}};
    EXPECT_THROW(open()->migrate(future), DatabaseError);
    {
        auto db = open();
        ASSERT_TRUE(db->write<bool>([](Transaction& tx) -> Result<bool> {
            tx.execute(
                "INSERT INTO schema_migration(room, number, oldest_program, ms) VALUES('x', 9, ?, "
                "0)",
                {program_generation + 1}
            );
            return true;
        }));
    }
    EXPECT_NE(refusal().find("install the newer release"), std::string::npos);
}

TEST_F(SqliteOpen, FilesThatAreNotOursAreRefusedAndKept) {
    { std::ofstream(options.path) << std::string(10'000, 'x'); }
    EXPECT_NE(refusal().find("is not a LeadBridge database"), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(options.path), 10'000U);
    std::filesystem::remove(options.path);
    run_as_stranger(options.path, "CREATE TABLE theirs(x); INSERT INTO theirs VALUES(1);");
    const auto size = std::filesystem::file_size(options.path);
    EXPECT_NE(refusal().find("another program"), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(options.path), size);
    options.path = dir.path();
    EXPECT_NE(refusal().find("not a regular file"), std::string::npos);
    options.path = dir.file("missing/core.db");
    EXPECT_NE(refusal().find("does not exist"), std::string::npos);
}

TEST_F(SqliteOpen, AFileThatCannotBeWrittenIsRefused) {
    if (geteuid() == 0) {
        GTEST_SKIP() << "root may write everything";
    }
    open();
    std::filesystem::permissions(options.path, std::filesystem::perms::owner_read);
    EXPECT_NE(refusal().find("give it to the user"), std::string::npos);
}

TEST_F(SqliteOpen, SettingsAreTheDurableOnes) {
    options.durability = SqliteDurability::full;
    auto db = open();
    auto settings = db->write<std::string>([](Transaction& tx) -> Result<std::string> {
        std::string all;
        for (const char* name :
             {"journal_mode",
              "synchronous",
              "wal_autocheckpoint",
              "foreign_keys",
              "mmap_size",
              "page_size"}) {
            all += *tx.one(std::string("PRAGMA ") + name, Params{}, [](const Row& row) {
                return row.str(0);
            }) + " ";
        }
        return all;
    });
    EXPECT_EQ(*settings, "wal 2 0 1 0 4096 ");
    auto reader = db->read<std::string>([](Snapshot& s) -> Result<std::string> {
        return std::to_string(s.number("PRAGMA wal_autocheckpoint")) +
               std::to_string(s.number("PRAGMA query_only"));
    });
    EXPECT_EQ(*reader, "01");
}

TEST_F(SqliteOpen, TheSchemaCannotBeEditedByHand) {
    auto db = open();
    EXPECT_THROW(
        static_cast<void>(db->write<bool>([](Transaction& tx) -> Result<bool> {
            tx.execute("PRAGMA writable_schema=ON");
            tx.execute("DELETE FROM sqlite_master");
            return true;
        })),
        DatabaseError
    );
}

TEST_F(SqliteOpen, TheDataFolderHasOneHolderAtATime) {
    {
        auto first = DataDirLock::take(dir.file("data"));
        ASSERT_TRUE(first);
        auto second = DataDirLock::take(dir.file("data"));
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, ErrorCode::conflict);
        EXPECT_NE(second.error().message.find(std::to_string(getpid())), std::string::npos);
        auto moved = std::move(*first);
        EXPECT_FALSE(DataDirLock::take(dir.file("data")));
    }
    EXPECT_TRUE(DataDirLock::take(dir.file("data")));
}

}  // namespace
}  // namespace leadbridge
