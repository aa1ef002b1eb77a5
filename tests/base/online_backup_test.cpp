// A copy of a database that is written to all the while.

#include "base/online_backup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <thread>

#include "tests/base/fault_vfs.h"
#include "tests/base/note_table.h"

namespace leadbridge {
namespace {

using namespace std::chrono_literals;

struct OnlineBackupTest : testing::Test {
    TempDir dir;
    ManualClock clock;
    Metrics metrics;
    SqliteOptions options;
    std::unique_ptr<Database> db;
    std::int64_t next = 1;

    OnlineBackupTest() {
        options.path = dir.file("core.db");
        options.ballast_bytes = 0;
    }

    void open() {
        db = open_sqlite(options, clock, metrics);
        db->migrate(note_room);
    }

    // Committed together; each row fills a page or so.
    void fill(int rows) {
        for (int i = 0; i < rows; i += 500) {
            ASSERT_TRUE(db->write<bool>([&](Transaction& tx) -> Result<bool> {
                for (int n = 0; n < 500; ++n) {
                    const std::string key = "fill" + std::to_string(next++);
                    const std::string body(3'000, 'x');
                    tx.execute(
                        "INSERT INTO note(corp_id, key, body) VALUES(1,?,?)",
                        {Blob{key}, Blob{body}}
                    );
                }
                return true;
            }));
        }
    }

    void copy(const std::string& to) {
        online_backup(*db)->copy_to(to, [](const CopyProgress&) { return true; });
    }

    static std::set<std::string> keys_in(const std::string& path) {
        ManualClock clock;
        Metrics metrics;
        SqliteOptions options;
        options.path = path;
        options.ballast_bytes = 0;
        const auto copy = open_sqlite(options, clock, metrics);
        const auto keys = *copy->read<std::vector<std::string>>(
            [](Snapshot& s) -> Result<std::vector<std::string>> {
                return s.all("SELECT key FROM note", Params{}, [](const Row& row) {
                    return std::string(row.blob(0));
                });
            }
        );
        return {keys.begin(), keys.end()};
    }
};

TEST_F(OnlineBackupTest, CopiesWhileAWriterHammersAndHoldsAllThatWasAcknowledgedBefore) {
    open();
    fill(5'000);
    std::atomic<bool> stop = false;
    std::atomic<int> acked = 0;
    std::thread writer([&] {
        for (int n = 0; !stop; ++n) {
            const std::string key = "live" + std::to_string(n);
            if (db->write<bool>([&](Transaction& tx) { return add_note(tx, key); })) {
                acked = n + 1;
            }
        }
    });
    while (acked < 50) {
        std::this_thread::sleep_for(1ms);
    }
    const int before = acked;
    int steps = 0;
    std::int64_t written_between = 0;
    online_backup(*db)->copy_to(dir.file("copy.db"), [&](const CopyProgress& progress) {
        ++steps;
        written_between = acked - before;
        EXPECT_LE(progress.pages_done, progress.pages_total);
        return true;
    });
    stop = true;
    writer.join();
    EXPECT_GT(steps, 10);
    EXPECT_GT(written_between, 0);  // else nothing was tried

    struct stat info {};

    ASSERT_EQ(::stat(dir.file("copy.db").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    const auto facts = inspect_sqlite(dir.file("copy.db"), QuickCheck::yes);
    EXPECT_EQ(facts.damage, "");
    const auto keys = keys_in(dir.file("copy.db"));
    for (int n = 0; n < before; ++n) {
        ASSERT_TRUE(keys.contains("live" + std::to_string(n))) << n;
    }
    // One moment, not a mixture: no later write without those before it.
    int live = 0;
    for (const auto& key : keys) {
        live += key.starts_with("live") ? 1 : 0;
    }
    for (int n = 0; n < live; ++n) {
        ASSERT_TRUE(keys.contains("live" + std::to_string(n))) << n;
    }
    const auto table = std::find_if(facts.tables.begin(), facts.tables.end(), [](const auto& t) {
        return t.table == "note";
    });
    ASSERT_NE(table, facts.tables.end());
    EXPECT_EQ(table->rows, static_cast<std::int64_t>(keys.size()));
    EXPECT_EQ(table->rows, 5'000 + live);
}

TEST_F(OnlineBackupTest, IsGivenUpWhenAskedAndCanBeMadeAgain) {
    open();
    fill(2'000);
    EXPECT_THROW(
        online_backup(*db)->copy_to(dir.file("one.db"), [](const CopyProgress&) { return false; }),
        DatabaseError
    );
    EXPECT_THROW(
        online_backup(*db)->copy_to(
            dir.file("two.db"),
            [](const CopyProgress&) -> bool { throw std::runtime_error("asked too much"); }
        ),
        std::runtime_error
    );
    copy(dir.file("three.db"));
    EXPECT_EQ(inspect_sqlite(dir.file("three.db"), QuickCheck::yes).damage, "");
    EXPECT_TRUE(db->stats().healthy);
}

TEST_F(OnlineBackupTest, AStoreThatIsReopenedMeanwhileEndsTheCopyAndGoesOn) {
    options.vfs = fault_vfs();
    disk_faults().heal();
    open();
    fill(3'000);
    int steps = 0;
    std::string why;
    try {
        online_backup(*db)->copy_to(dir.file("copy.db"), [&](const CopyProgress&) {
            if (++steps == 2) {
                disk_faults().failing_syncs = 1;
                EXPECT_THROW(
                    static_cast<void>(db->write<bool>([](Transaction& tx) {
                        return add_note(tx, "k");
                    })),
                    DatabaseError
                );
                for (int i = 0; i < 500 && !db->stats().healthy; ++i) {
                    std::this_thread::sleep_for(10ms);
                }
            }
            return true;
        });
    } catch (const DatabaseError& error) {
        why = error.what();
    }
    EXPECT_NE(why.find("cut short"), std::string::npos) << why;
    disk_faults().heal();
    EXPECT_TRUE(db->stats().healthy);
    EXPECT_TRUE(db->write<bool>([](Transaction& tx) { return add_note(tx, "after"); }));
    copy(dir.file("again.db"));
    EXPECT_TRUE(keys_in(dir.file("again.db")).contains("after"));
}

TEST_F(OnlineBackupTest, ATargetThatCannotBeWrittenTroublesNobody) {
    open();
    fill(500);
    EXPECT_THROW(copy(dir.file("no/such/folder.db")), DatabaseError);
    copy(dir.file("copy.db"));
    EXPECT_THROW(copy(dir.file("copy.db")), DatabaseError);  // never over an existing file
    EXPECT_TRUE(db->stats().healthy);
    EXPECT_TRUE(db->write<bool>([](Transaction& tx) { return add_note(tx, "k"); }));
}

TEST_F(OnlineBackupTest, WorksWithoutAThreadOfItsOwn) {
    options.writer = SqliteWriterMode::on_caller_for_tests;
    open();
    fill(500);
    copy(dir.file("copy.db"));
    EXPECT_EQ(keys_in(dir.file("copy.db")).size(), 500U);
}

TEST_F(OnlineBackupTest, ADamagedFileIsSeen) {
    open();
    fill(500);
    copy(dir.file("copy.db"));
    std::filesystem::resize_file(
        dir.file("copy.db"), std::filesystem::file_size(dir.file("copy.db")) / 2
    );
    bool seen = false;
    try {
        seen = !inspect_sqlite(dir.file("copy.db"), QuickCheck::yes).damage.empty();
    } catch (const DatabaseError&) {
        seen = true;
    }
    EXPECT_TRUE(seen);
    EXPECT_THROW((void)inspect_sqlite(dir.file("none.db"), QuickCheck::no), DatabaseError);
}

}  // namespace
}  // namespace leadbridge
