#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "base/guarded.h"
#include "base/job_queue.h"
#include "tests/base/temp_database.h"

namespace leadbridge {
namespace {

using namespace std::chrono_literals;

template <class F>
bool eventually(F condition, std::chrono::milliseconds limit = 5s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

struct JobRunnerTest : testing::Test {
    SystemClock clock;
    TempDatabase t{{{"jobs", JobQueue::migrations()}}, SqliteWriterMode::own_thread, &clock};
    IdSource ids{clock, 0};
    SystemRng rng;
    JobQueue queue{t.db(), clock, ids, rng};

    void add(
        CorpId corp,
        const std::string& payload,
        const std::string& name = "q",
        const std::string& order_key = {}
    ) {
        ASSERT_TRUE(t.db().write<JobId>([&](Transaction& tx) -> Result<JobId> {
            return queue.enqueue(
                tx, {.corp = corp, .queue = name, .payload = payload, .order_key = order_key}
            );
        }));
    }

    std::int64_t left() {
        return *t.db().read<std::int64_t>([](Snapshot& s) -> Result<std::int64_t> {
            return s.number("SELECT COUNT(*) FROM job WHERE state < 3");
        });
    }
};

TEST_F(JobRunnerTest, RunsEveryJobOnce) {
    Guarded<std::map<std::string, int>> runs;
    JobRunner runner(queue, clock, {.threads = 4, .corp_share = 1.0});
    runner.add({.queue = "q", .run = [&](const Job& job) -> JobOutcome {
                    ++(*runs.lock())[job.payload];
                    return JobDone{};
                }});
    runner.start();
    for (int i = 0; i < 200; ++i) {
        add(CorpId{1 + i % 5}, std::to_string(i));
    }
    EXPECT_TRUE(eventually([&] { return left() == 0; }));
    runner.stop();
    EXPECT_EQ(runs.lock()->size(), 200U);
    for (const auto& [payload, n] : *runs.lock()) {
        EXPECT_EQ(n, 1) << payload;
    }
}

TEST_F(JobRunnerTest, ANewJobIsTakenAtOnceNotAtTheNextPoll) {
    std::atomic<bool> ran = false;
    JobRunner runner(queue, clock, {.threads = 1});
    runner.add({.queue = "q", .run = [&](const Job&) -> JobOutcome {
                    ran = true;
                    return JobDone{};
                }});
    runner.start();
    std::this_thread::sleep_for(50ms);
    add(CorpId{1}, "x");
    EXPECT_TRUE(eventually([&] { return ran.load(); }, 500ms));
}

TEST_F(JobRunnerTest, OneCorpTakesOnlyItsShare) {
    std::atomic<int> running_a = 0;
    std::atomic<int> most_a = 0;
    std::atomic<bool> release = false;
    std::atomic<bool> b_ran = false;
    JobRunner runner(queue, clock, {.threads = 8, .corp_share = 0.25});
    runner.add({.queue = "q", .run = [&](const Job& job) -> JobOutcome {
                    if (job.corp == CorpId{2}) {
                        b_ran = true;
                        return JobDone{};
                    }
                    most_a = std::max(most_a.load(), ++running_a);
                    while (!release) {
                        std::this_thread::sleep_for(1ms);
                    }
                    --running_a;
                    return JobDone{};
                }});
    for (int i = 0; i < 20; ++i) {
        add(CorpId{1}, "hangs");
    }
    runner.start();
    EXPECT_TRUE(eventually([&] { return running_a == 2; }));
    add(CorpId{2}, "free");
    EXPECT_TRUE(eventually([&] { return b_ran.load(); }));
    release = true;
    EXPECT_TRUE(eventually([&] { return left() == 0; }));
    EXPECT_EQ(most_a, 2);
}

TEST_F(JobRunnerTest, OutcomesAreApplied) {
    Guarded<std::map<std::string, int>> tries;
    JobRunner runner(queue, clock, {.threads = 2, .corp_share = 1.0});
    const auto run = [&](const Job& job) -> JobOutcome {
        (*tries.lock())[job.payload] = job.tries;
        if (job.payload == "throws" && job.tries == 1) {
            throw std::runtime_error("boom");
        }
        if (job.payload == "retries" && job.tries < 3) {
            return JobRetry{"again"};
        }
        if (job.payload == "dies") {
            return JobDead{"cause"};
        }
        if (job.payload == "holds" && (*tries.lock())["held"]++ == 0) {
            return JobHold{clock.now() + 20, "breaker"};
        }
        if (job.payload == "settles") {
            auto done = t.db().write<bool>([&](Transaction& tx) -> Result<bool> {
                return queue.done(tx, job);
            });
            EXPECT_TRUE(*done);
            return JobSettled{};
        }
        return JobDone{};
    };
    runner.add({.queue = "q", .run = run, .schedule = {{10, 10, 10}}});
    for (const char* payload : {"throws", "retries", "dies", "holds", "settles"}) {
        add(CorpId{1}, payload);
    }
    runner.start();
    EXPECT_TRUE(eventually([&] { return left() == 0; }));
    runner.stop();
    auto seen = tries.lock();
    EXPECT_EQ((*seen)["throws"], 2);
    EXPECT_EQ((*seen)["retries"], 3);
    EXPECT_EQ((*seen)["holds"], 1);
    const auto dead =
        *t.db().read<std::vector<JobRow>>([&](Snapshot& s) -> Result<std::vector<JobRow>> {
            return JobQueue::list(s, CorpId{1}, JobState::dead, "", JobId{}, 10);
        });
    ASSERT_EQ(dead.size(), 1U);
    EXPECT_EQ(dead[0].error, "cause");
}

TEST_F(JobRunnerTest, JobsOfAKeyNeverRunTogetherAndKeepTheirOrder) {
    Guarded<std::map<std::string, std::vector<int>>> order;
    std::atomic<int> overlaps = 0;
    std::map<std::string, std::atomic<int>> running;
    for (const char* key : {"a", "b", "c"}) {
        running[key] = 0;
    }
    JobRunner runner(queue, clock, {.threads = 8, .corp_share = 1.0});
    runner.add({.queue = "q", .run = [&](const Job& job) -> JobOutcome {
                    const std::string key = job.payload.substr(0, 1);
                    overlaps += ++running[key] > 1 ? 1 : 0;
                    (*order.lock())[key].push_back(std::stoi(job.payload.substr(1)));
                    std::this_thread::sleep_for(1ms);
                    --running[key];
                    return JobDone{};
                }});
    runner.start();
    for (int i = 0; i < 20; ++i) {
        for (const char* key : {"a", "b", "c"}) {
            add(CorpId{1}, key + std::to_string(i), "q", key);
        }
    }
    EXPECT_TRUE(eventually([&] { return left() == 0; }));
    EXPECT_EQ(overlaps, 0);
    for (const auto& [key, seen] : *order.lock()) {
        EXPECT_EQ(seen.size(), 20U);
        EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end())) << key;
    }
}

TEST_F(JobRunnerTest, StopWaitsForWhatRunsAndStartsNothingNew) {
    std::atomic<int> finished = 0;
    std::atomic<int> started = 0;
    JobRunner runner(queue, clock, {.threads = 1, .corp_share = 1.0});
    runner.add({.queue = "q", .run = [&](const Job&) -> JobOutcome {
                    ++started;
                    std::this_thread::sleep_for(100ms);
                    ++finished;
                    return JobDone{};
                }});
    for (int i = 0; i < 5; ++i) {
        add(CorpId{1}, "x");
    }
    runner.start();
    EXPECT_TRUE(eventually([&] { return started > 0; }));
    runner.stop();
    EXPECT_EQ(started, finished);
    EXPECT_LT(finished, 5);
    EXPECT_EQ(left(), 5 - finished);
}

}  // namespace
}  // namespace leadbridge
