// The wall clock is set forwards and backwards by a second, an hour, a day and past 2038 while jobs
// wait and run: none is lost, none begins before its time, and no two hold one.

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <set>

#include "base/job_queue.h"
#include "tests/base/temp_database.h"

namespace leadbridge {
namespace {

const CorpId corp{1};
constexpr std::size_t jobs = 12;
constexpr std::int64_t lease_ms = 60'000;
constexpr std::int64_t hour = 3'600'000;

class ClockSteps {
public:
    explicit ClockSteps(std::uint64_t seed) : rng_(seed) {}

    void run() {
        for (std::size_t i = 0; i < jobs; ++i) {
            const UnixMillis at = t_.clock.now() + static_cast<std::int64_t>(rng_.below(2 * hour));
            add(std::to_string(i), at);
        }
        for (int i = 0; i < 150; ++i) {
            step();
        }
        finish();
    }

private:
    struct Held {
        Job job;
        std::int64_t until;  // steady
    };

    void add(const std::string& payload, UnixMillis at) {
        NewJob job{.corp = corp, .queue = "q", .payload = payload};
        job.run_at = at;
        const auto added = t_.db().write<JobId>([&](Transaction& tx) -> Result<JobId> {
            return queue_.enqueue(tx, job);
        });
        ASSERT_TRUE(added.has_value());
        due_[payload] = at;
    }

    void step() {
        t_.clock.advance(static_cast<std::int64_t>(rng_.below(90'000)));
        if (rng_.below(6) == 0) {
            static constexpr std::array<std::int64_t, 7> steps{
                1'000, -1'000, hour, -hour, 24 * hour, -24 * hour, 13 * 365 * 24 * hour};
            t_.clock.set(t_.clock.now() + steps.at(rng_.below(steps.size())));
        }
        take(3);
        settle();
    }

    void take(int n) {
        for (const Job& job : queue_.claim("q", n, lease_ms)) {
            EXPECT_GE(t_.clock.now() + 1'000, due_.at(job.payload)) << job.payload;
            const auto held = held_.find(job.payload);
            EXPECT_TRUE(held == held_.end() || t_.clock.steady_ms() >= held->second.until)
                << job.payload << " is held by two";
            EXPECT_FALSE(done_.contains(job.payload));
            due_[job.payload] = 0;  // its time has come, wherever the clock goes
            held_[job.payload] = {job, t_.clock.steady_ms() + lease_ms};
        }
    }

    // What holders do: end, put back for later, or never come back.
    void settle() {
        for (auto at = held_.begin(); at != held_.end();) {
            const auto& [job, until] = at->second;
            const auto what = rng_.below(8);
            if (what > 2 || t_.clock.steady_ms() >= until) {
                ++at;
                continue;
            }
            if (what == 0) {
                queue_.done(job);
                done_.insert(job.payload);
            } else {
                const UnixMillis when =
                    t_.clock.now() + static_cast<std::int64_t>(rng_.below(hour));
                queue_.release(job, when, "later");
                due_[job.payload] = when;
            }
            at = held_.erase(at);
        }
    }

    void finish() {
        for (int i = 0; i < 400 && done_.size() + dead() < jobs; ++i) {
            t_.clock.advance(lease_ms);
            t_.clock.set(t_.clock.now() + 24 * hour);
            for (const Job& job : queue_.claim("q", static_cast<int>(jobs), lease_ms)) {
                queue_.done(job);
                done_.insert(job.payload);
            }
        }
        EXPECT_EQ(done_.size() + dead(), jobs);
    }

    // Whose holders vanished too often: kept for a person.
    std::size_t dead() {
        return *t_.db().read<std::size_t>([&](Snapshot& s) -> Result<std::size_t> {
            return JobQueue::list(s, corp, JobState::dead, "", JobId{}, 100).size();
        });
    }

    TempDatabase t_{{{"jobs", JobQueue::migrations()}}};
    IdSource ids_{t_.clock, 0};
    SeededRng rng_;
    JobQueue queue_{t_.db(), t_.clock, ids_, rng_};
    std::map<std::string, UnixMillis> due_;
    std::map<std::string, Held> held_;
    std::set<std::string> done_;
};

TEST(JobClock, StepsLoseNoJobAndBeginNoneEarly) {
    const char* asked = std::getenv("LEADBRIDGE_CLOCK_SEEDS");
    const int seeds = asked == nullptr ? 60 : std::atoi(asked);
    for (int seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        ClockSteps(static_cast<std::uint64_t>(seed)).run();
    }
}

}  // namespace
}  // namespace leadbridge
