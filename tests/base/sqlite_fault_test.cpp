// The disk says no, the process is killed, a stranger writes: what was acknowledged is there, the
// rest was refused.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <thread>

#include "base/rng.h"
#include "tests/base/fault_vfs.h"
#include "tests/base/note_table.h"

namespace leadbridge {
namespace {

using namespace std::chrono_literals;

template <class F>
bool eventually(F condition, std::chrono::milliseconds limit = 10s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

std::set<std::int64_t> stored_ids(Database& db) {
    const auto ids =
        *db.read<std::vector<std::int64_t>>([](Snapshot& s) -> Result<std::vector<std::int64_t>> {
            return s.all("SELECT id FROM note", Params{}, [](const Row& row) {
                return row.integer(0);
            });
        });
    return {ids.begin(), ids.end()};
}

std::string integrity(Database& db) {
    return *db.read<std::string>([](Snapshot& s) -> Result<std::string> {
        return *s.one("PRAGMA integrity_check", Params{}, [](const Row& row) {
            return row.str(0);
        });
    });
}

struct SqliteFault : testing::Test {
    TempDir dir;
    ManualClock clock;
    Metrics metrics;
    SqliteOptions options;
    std::unique_ptr<Database> db;
    std::set<std::int64_t> acked;
    std::int64_t next = 1;

    SqliteFault() {
        options.path = dir.file("core.db");
        options.vfs = fault_vfs();
        options.ballast_bytes = 64 << 10;
        disk_faults().heal();
    }

    ~SqliteFault() override {
        disk_faults().heal();
        db.reset();
    }

    void open() {
        db = open_sqlite(options, clock, metrics);
        db->migrate(note_room);
    }

    bool add() {
        const auto id = next++;
        const bool stored =
            append_now(*db, note_row(id, std::to_string(id), std::string(500, 'x'))) ==
            AppendOutcome::stored;
        if (stored) {
            acked.insert(id);
        }
        return stored;
    }

    void expect_nothing_lost() {
        const auto stored = stored_ids(*db);
        for (const auto id : acked) {
            EXPECT_TRUE(stored.contains(id)) << id;
        }
        EXPECT_EQ(integrity(*db), "ok");
    }

    bool healthy() { return db->stats().healthy; }
};

TEST_F(SqliteFault, AFailedSyncIsNotAcknowledgedAndTheStoreIsReopened) {
    open();
    ASSERT_TRUE(add());
    disk_faults().failing_syncs = 1;
    EXPECT_FALSE(add());
    EXPECT_TRUE(eventually([&] { return healthy(); }));
    EXPECT_TRUE(eventually([&] { return add(); }));
    expect_nothing_lost();
    db.reset();
    open();
    expect_nothing_lost();
}

TEST_F(SqliteFault, AWriteThatMeetsAFailingDiskThrows) {
    open();
    disk_faults().failing_writes = 1;
    EXPECT_THROW(
        static_cast<void>(db->write<bool>([](Transaction& tx) { return add_note(tx, "k"); })),
        DatabaseError
    );
    EXPECT_TRUE(eventually([&] { return healthy(); }));
    EXPECT_TRUE(db->write<bool>([](Transaction& tx) { return add_note(tx, "k"); }));
}

TEST_F(SqliteFault, AFullDiskRefusesServesReadsAndRecovers) {
    open();
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(add());
    }
    disk_faults().bytes_left = 3000;
    while (add()) {
    }
    EXPECT_TRUE(eventually([&] { return !healthy(); }));
    EXPECT_FALSE(add());
    EXPECT_THROW(
        static_cast<void>(db->write<bool>([](Transaction& tx) { return add_note(tx, "k"); })),
        DatabaseError
    );
    EXPECT_GE(notes(*db), 20);
    disk_faults().heal();
    EXPECT_TRUE(eventually([&] { return healthy(); }));
    EXPECT_TRUE(add());
    expect_nothing_lost();
}

TEST_F(SqliteFault, NothingAcknowledgedIsLostOnADiskThatFailsOften) {
    options.checkpoint_bytes = 64 << 10;  // so that checkpoints meet the faults as well
    open();
    disk_faults().one_write_in = 97;
    disk_faults().one_sync_in = 31;
    for (int i = 0; i < 1500; ++i) {
        static_cast<void>(add());
        if (!healthy()) {
            eventually([&] { return healthy(); }, 1s);
        }
    }
    disk_faults().heal();
    EXPECT_TRUE(eventually([&] { return healthy(); }));
    EXPECT_GT(acked.size(), 500U);
    EXPECT_LT(acked.size(), 1500U);  // else the test saw nothing
    expect_nothing_lost();
    db.reset();
    open();
    expect_nothing_lost();
}

TEST_F(SqliteFault, DiskFullAtManyPlacesLosesNothing) {
    options.checkpoint_bytes = 32 << 10;
    options.ballast_bytes = 0;
    open();
    for (std::int64_t budget = 0; budget < 200'000; budget += 4096) {
        disk_faults().bytes_left = budget;
        for (int i = 0; i < 40 && add(); ++i) {
        }
        disk_faults().heal();
        ASSERT_TRUE(eventually([&] { return healthy(); }));
        ASSERT_TRUE(eventually([&] { return add(); }));
    }
    expect_nothing_lost();
}

TEST_F(SqliteFault, ARealFullDiskGivesUpTheBallastAndTakesItBack) {
    const std::string mount_point = dir.file("small");
    std::filesystem::create_directory(mount_point);
    if (mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=4m") != 0) {
        GTEST_SKIP() << "mounting a small disk needs root";
    }
    options.path = mount_point + "/core.db";
    options.vfs = {};
    options.ballast_bytes = 1 << 20;
    open();
    EXPECT_TRUE(std::filesystem::exists(options.path + ".ballast"));
    {
        std::ofstream filler(mount_point + "/filler", std::ios::binary);
        filler << std::string(4 << 20, 'f') << std::flush;
    }
    while (add()) {
    }
    EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(options.path + ".ballast"); }));
    std::this_thread::sleep_for(300ms);
    EXPECT_FALSE(healthy());
    EXPECT_EQ(notes(*db), static_cast<std::int64_t>(acked.size()));
    std::filesystem::remove(mount_point + "/filler");
    EXPECT_TRUE(eventually([&] { return healthy(); }));
    EXPECT_TRUE(std::filesystem::exists(options.path + ".ballast"));
    EXPECT_TRUE(add());
    expect_nothing_lost();
    db.reset();
    umount(mount_point.c_str());
}

TEST_F(SqliteFault, AStrangersCommitRaisesTheAlarmEachTime) {
    options.checkpoint_bytes = 1;
    open();
    auto& alarms = metrics.counter("leadbridge_foreign_writer_total", "", {{"db", "core"}});
    for (int i = 1; i <= 10; ++i) {
        ASSERT_TRUE(add());
        const auto before = alarms.value();
        run_as_stranger(
            options.path, "UPDATE note SET body = 'by hand " + std::to_string(i) + "' WHERE id = 1"
        );
        ASSERT_TRUE(add());
        EXPECT_TRUE(eventually([&] { return alarms.value() > before; }));
    }
    EXPECT_EQ(alarms.value(), 10);
    EXPECT_TRUE(healthy());
}

TEST_F(SqliteFault, AStrangersChangeLogRowIsNotOverwritten) {
    open();
    const auto change = [&] {
        return db->write<bool>([](Transaction& tx) -> Result<bool> {
            tx.changed({CorpId{1}, "note", 1, "updated"});
            return true;
        });
    };
    ASSERT_TRUE(change());
    run_as_stranger(
        options.path,
        "INSERT INTO change_log(n, corp_id, topic, id, kind, ms) VALUES(2, 1, 'x', 1, 'x', 0)"
    );
    EXPECT_THROW(static_cast<void>(change()), DatabaseError);
    EXPECT_TRUE(eventually([&] { return healthy(); }));
    ASSERT_TRUE(change());
    EXPECT_EQ(db->stats().last_change, 3);
}

TEST_F(SqliteFault, ACheckpointFoldsTheLogInWhenNothingWaits) {
    options.checkpoint_bytes = 200'000;
    open();
    auto& checkpoints = metrics.counter("leadbridge_db_checkpoints_total", "", {{"db", "core"}});
    for (int round = 1; round <= 12; ++round) {
        for (int i = 0; i < 100; ++i) {
            ASSERT_TRUE(add());
        }
        EXPECT_TRUE(eventually([&] { return checkpoints.value() >= round; }));
    }
    // 1 200 commits write about 6 MB; a log that never began anew would hold them all.
    EXPECT_LT(db->stats().wal_bytes, 4'000'000);
}

// The child appends with several threads' worth of rows in flight and tells each acknowledged id
// through the pipe.
[[noreturn]] void append_until_killed(
    const SqliteOptions& options, int pipe_fd, std::int64_t first
) {
    SystemClock clock;
    Metrics metrics;
    auto db = open_sqlite(options, clock, metrics);
    for (std::int64_t id = first;; ++id) {
        auto row = note_row(id, std::to_string(id), std::string(200, 'x'));
        row.change = {"note", "created"};
        while (!db->append(std::move(row), [pipe_fd, id](AppendOutcome outcome) {
            if (outcome == AppendOutcome::stored && write(pipe_fd, &id, sizeof(id)) != sizeof(id)) {
                _exit(3);
            }
        })) {
            std::this_thread::sleep_for(1ms);
            row = note_row(id, std::to_string(id), std::string(200, 'x'));
        }
        if (id % 50 == 0) {
            std::this_thread::sleep_for(1ms);
        }
    }
}

TEST_F(SqliteFault, KillNineLosesNothingAcknowledged) {
    options.vfs = {};
    options.checkpoint_bytes = 256 << 10;
    open();
    db.reset();
    SeededRng rng(1);
    for (int round = 0; round < 12; ++round) {
        int ends[2];
        ASSERT_EQ(pipe(ends), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            close(ends[0]);
            append_until_killed(options, ends[1], 1'000'000 * (round + 1));
        }
        close(ends[1]);
        const auto enough = 1 + rng.below(3000);
        std::int64_t id = 0;
        for (std::uint64_t n = 0; n < enough && read(ends[0], &id, sizeof(id)) == sizeof(id); ++n) {
            acked.insert(id);
        }
        kill(child, SIGKILL);
        while (read(ends[0], &id, sizeof(id)) == sizeof(id)) {
            acked.insert(id);
        }
        close(ends[0]);
        ASSERT_EQ(waitpid(child, nullptr, 0), child);
        open();
        expect_nothing_lost();
        const auto gaps = *db->read<std::int64_t>([](Snapshot& s) -> Result<std::int64_t> {
            return s.number("SELECT MAX(n) - COUNT(*) FROM change_log");
        });
        EXPECT_EQ(gaps, 0);
        db.reset();
    }
    EXPECT_GT(acked.size(), 100U);
}

}  // namespace
}  // namespace leadbridge
