// Memory that SQLite asks for is refused, at each of its allocations in turn: no crash, nothing is
// acknowledged that is not stored, and the store goes on afterwards.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <set>
#include <thread>

#include "tests/base/note_table.h"

namespace leadbridge {
namespace {

// SQLite's own allocator but for one request, or for all from that one on.
struct Refusals {
    std::atomic<std::int64_t> until = INT64_MAX;  // requests that are granted yet
    std::atomic<bool> lasting = false;
    std::atomic<std::int64_t> refused = 0;
    sqlite3_mem_methods real = {};

    bool refuses() {
        const std::int64_t left = until.fetch_sub(1);
        if (left > 0 || (left < 0 && !lasting)) {
            return false;
        }
        refused += 1;
        return true;
    }

    void arm(std::int64_t nth, bool and_all_after) {
        refused = 0;
        lasting = and_all_after;
        until = nth;
    }

    void heal() { until = INT64_MAX; }
};

Refusals& memory() {
    static Refusals one;
    return one;
}

class SqliteMemory : public testing::Test {
protected:
    static void SetUpTestSuite() {
        sqlite3_shutdown();
        sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory().real);
        sqlite3_mem_methods ours = memory().real;
        ours.xMalloc = [](int n) -> void* {
            return memory().refuses() ? nullptr : memory().real.xMalloc(n);
        };
        ours.xRealloc = [](void* at, int n) -> void* {
            return memory().refuses() ? nullptr : memory().real.xRealloc(at, n);
        };
        ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
        ASSERT_EQ(sqlite3_initialize(), SQLITE_OK);
    }

    static void TearDownTestSuite() {
        memory().heal();
        sqlite3_shutdown();
        sqlite3_config(SQLITE_CONFIG_MALLOC, &memory().real);
        sqlite3_initialize();
    }

    // Whether the nth allocation of some work was asked for.
    bool refuse(std::int64_t nth, bool and_all_after) {
        TempDir dir;
        SqliteOptions options;
        options.path = dir.file("core.db");
        options.ballast_bytes = 0;
        options.durability = SqliteDurability::none_for_tests;
        auto db = open_sqlite(options, clock_, metrics_);
        db->migrate(note_room);
        std::set<std::int64_t> acked;
        const auto append = [&](std::int64_t id) {
            const auto outcome =
                append_now(*db, note_row(id, std::to_string(id), std::string(9'000, 'x')));
            if (outcome == AppendOutcome::stored) {
                acked.insert(id);
            }
            return outcome == AppendOutcome::stored;
        };
        EXPECT_TRUE(append(1));
        memory().arm(nth, and_all_after);
        (void)append(2);
        try {
            auto written = db->write<bool>([](Transaction& tx) { return add_note(tx, "w"); });
            (void)written;
        } catch (const DatabaseError&) {
        } catch (const std::bad_alloc&) {
        }
        (void)append(3);
        try {
            (void)notes(*db);
        } catch (const DatabaseError&) {
        } catch (const std::bad_alloc&) {
        }
        const bool reached = memory().refused > 0;
        memory().heal();
        expect_goes_on(*db, append, acked, nth);
        return reached;
    }

    template <class Append>
    static void expect_goes_on(
        Database& db, const Append& append, const std::set<std::int64_t>& acked, std::int64_t nth
    ) {
        bool on = false;
        for (int i = 0; i < 200 && !on; ++i) {  // it reopens by itself
            on = append(100 + i);
            if (!on) {
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
        }
        EXPECT_TRUE(on) << nth;
        std::set<std::int64_t> stored;
        const auto read = db.read<std::string>([&](Snapshot& s) -> Result<std::string> {
            s.each("SELECT id FROM note", Params{}, [&](const Row& row) {
                stored.insert(row.integer(0));
                return Visit::next;
            });
            return *s.one("PRAGMA integrity_check", Params{}, [](const Row& row) {
                return row.str(0);
            });
        });
        ASSERT_TRUE(read.has_value()) << nth;
        EXPECT_EQ(*read, "ok") << nth;
        EXPECT_TRUE(std::includes(stored.begin(), stored.end(), acked.begin(), acked.end())) << nth;
    }

    ManualClock clock_;
    Metrics metrics_;
};

std::int64_t stride_of_this_run() {
    const char* stride = std::getenv("LEADBRIDGE_MEMORY_STRIDE");
    return stride == nullptr ? 3 : std::max(std::atoi(stride), 1);
}

TEST_F(SqliteMemory, ARefusedAllocationCostsNoAcknowledgedRow) {
    std::int64_t nth = 1;
    while (refuse(nth, false) && nth < 5'000) {
        nth += stride_of_this_run();
    }
    std::cout << "report: each of " << nth << " allocations refused\n";
    EXPECT_GT(nth, 30) << "the work asks for more than that";
}

TEST_F(SqliteMemory, NoMemoryFromSomePointOnCostsNoAcknowledgedRow) {
    std::int64_t nth = 1;
    while (refuse(nth, true) && nth < 5'000) {
        nth += stride_of_this_run();
    }
    EXPECT_GT(nth, 30);
}

}  // namespace
}  // namespace leadbridge
