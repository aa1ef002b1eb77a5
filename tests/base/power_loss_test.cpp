// The power fails at any moment of the store's work: what was acknowledged is found, and the file
// is whole. Two controls, a disk whose syncs lie and a store that does not sync, must fail, or the
// test sees nothing.

#include "tests/base/power_loss.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "tests/base/note_table.h"

namespace leadbridge {
namespace {

constexpr int clients = 3;
constexpr int rows_each = 40;

enum class Verdict { whole, lost, corrupt };

struct Failure {
    FoundFiles found;
    std::set<std::int64_t> acked;  // before the power failed
};

class PowerFails : public testing::Test {
protected:
    // One run under a few clients; at about one in eight of its steps the power fails.
    std::vector<Failure> run(std::uint64_t seed, SqliteDurability durability, bool lying) {
        TempDir dir;
        SeededRng rng(seed);
        PowerLoss::watch(dir.path() + "/", lying);
        SqliteOptions options;
        options.path = dir.file("core.db");
        options.vfs = PowerLoss::vfs();
        options.ballast_bytes = 0;
        options.checkpoint_bytes = 32 << 10;
        options.durability = durability;
        auto db = open_sqlite(options, clock_, metrics_);
        db->migrate(note_room);
        std::vector<Failure> failures;
        std::mutex mutex;
        std::set<std::int64_t> acked;
        PowerLoss::before_each([&] {
            if (rng.below(8) == 0) {
                const std::lock_guard lock(mutex);
                failures.push_back({PowerLoss::fail(rng), acked});
            }
        });
        std::vector<std::thread> threads;
        for (int client = 0; client < clients; ++client) {
            threads.emplace_back([&, client] {
                for (int i = 0; i < rows_each; ++i) {
                    const std::int64_t id = client * 1'000 + i + 1;
                    const std::string body(static_cast<std::size_t>(id * 7'919 % 3'000), 'x');
                    if (append_now(*db, note_row(id, std::to_string(id), body)) ==
                        AppendOutcome::stored) {
                        const std::lock_guard lock(mutex);
                        acked.insert(id);
                    }
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        PowerLoss::before_each({});
        db.reset();
        PowerLoss::watch("");
        EXPECT_EQ(acked.size(), std::size_t{clients} * rows_each);
        return failures;
    }

    // As the next start finds it.
    Verdict look(const Failure& failure) {
        TempDir dir;
        for (const auto& [name, content] : failure.found) {
            std::ofstream(dir.file(name), std::ios::binary) << content;
        }
        SqliteOptions options;
        options.path = dir.file("core.db");
        options.ballast_bytes = 0;
        options.durability = SqliteDurability::none_for_tests;
        options.writer = SqliteWriterMode::on_caller_for_tests;
        try {
            auto db = open_sqlite(options, clock_, metrics_);
            db->migrate(note_room);
            std::set<std::int64_t> stored;
            const auto checked = db->read<std::string>([&](Snapshot& s) -> Result<std::string> {
                s.each("SELECT id FROM note", Params{}, [&](const Row& row) {
                    stored.insert(row.integer(0));
                    return Visit::next;
                });
                return *s.one("PRAGMA integrity_check", Params{}, [](const Row& row) {
                    return row.str(0);
                });
            });
            if (!checked || *checked != "ok") {
                return Verdict::corrupt;
            }
            return std::includes(
                       stored.begin(), stored.end(), failure.acked.begin(), failure.acked.end()
                   )
                       ? Verdict::whole
                       : Verdict::lost;
        } catch (const DatabaseError&) {
            return Verdict::corrupt;
        }
    }

    struct Tally {
        int whole = 0;
        int lost = 0;
        int corrupt = 0;
        std::size_t acked = 0;

        int points() const { return whole + lost + corrupt; }
    };

    Tally fail(int points, SqliteDurability durability, bool lying = false) {
        Tally tally;
        for (std::uint64_t seed = 1; tally.points() < points; ++seed) {
            for (const Failure& failure : run(seed, durability, lying)) {
                const Verdict verdict = look(failure);
                tally.whole += verdict == Verdict::whole ? 1 : 0;
                tally.lost += verdict == Verdict::lost ? 1 : 0;
                tally.corrupt += verdict == Verdict::corrupt ? 1 : 0;
                tally.acked += failure.acked.size();
                if (durability == SqliteDurability::full && !lying) {
                    EXPECT_EQ(verdict, Verdict::whole) << "seed " << seed;
                }
            }
        }
        std::cout << "report: power failed at " << tally.points() << " points, " << tally.acked
                  << " acknowledged before: " << tally.lost << " with rows lost, " << tally.corrupt
                  << " corrupt\n";
        return tally;
    }

    ManualClock clock_;
    Metrics metrics_;
};

int points_of_this_run() {
    const char* points = std::getenv("LEADBRIDGE_POWER_POINTS");
    return points == nullptr ? 1'000 : std::atoi(points);
}

TEST_F(PowerFails, NothingAcknowledgedIsLostAndTheFileIsWhole) {
    const Tally tally = fail(points_of_this_run(), SqliteDurability::full);
    EXPECT_EQ(tally.whole, tally.points());
    EXPECT_GT(tally.acked, static_cast<std::size_t>(tally.points()) * 10);
}

TEST_F(PowerFails, ControlADiskWhoseSyncsLieIsCaught) {
    const Tally tally = fail(60, SqliteDurability::full, true);
    EXPECT_GT(tally.lost + tally.corrupt, tally.points() / 2);
}

TEST_F(PowerFails, ControlAStoreThatDoesNotSyncIsCaught) {
    const Tally tally = fail(60, SqliteDurability::none_for_tests);
    EXPECT_GT(tally.lost + tally.corrupt, tally.points() / 2);
}

}  // namespace
}  // namespace leadbridge
