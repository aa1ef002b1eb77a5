#include "base/job_queue.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/base/temp_database.h"

namespace leadbridge {
namespace {

const CorpId corp_a{1};
const CorpId corp_b{2};

struct JobQueueTest : testing::Test {
    TempDatabase t{{{"jobs", JobQueue::migrations()}}};
    IdSource ids{t.clock, 0};
    SeededRng rng{1};
    JobQueue queue{t.db(), t.clock, ids, rng};

    JobId add(NewJob job) {
        return *t.db().write<JobId>([&](Transaction& tx) -> Result<JobId> {
            return queue.enqueue(tx, job);
        });
    }

    JobId add(CorpId corp, std::string payload, std::string order_key = {}) {
        return add(NewJob{
            .corp = corp,
            .queue = "q",
            .payload = std::move(payload),
            .order_key = std::move(order_key)});
    }

    std::vector<Job> claim(int n = 10, std::int64_t lease_ms = 60'000) {
        return queue.claim("q", n, lease_ms);
    }

    Job claim_one() {
        auto jobs = claim(1);
        EXPECT_EQ(jobs.size(), 1U);
        return jobs.empty() ? Job{} : jobs.front();
    }

    std::vector<std::string> payloads(const std::vector<Job>& jobs) {
        std::vector<std::string> out;
        for (const auto& job : jobs) {
            out.push_back(job.payload);
        }
        return out;
    }

    std::vector<JobRow> rows(std::optional<JobState> state = std::nullopt, CorpId corp = corp_a) {
        return *t.db().read<std::vector<JobRow>>([&](Snapshot& s) -> Result<std::vector<JobRow>> {
            return JobQueue::list(s, corp, state, "", JobId{}, 100);
        });
    }
};

using Texts = std::vector<std::string>;

TEST_F(JobQueueTest, AJobIsGivenOnceAndGoneWhenDone) {
    add(corp_a, "one");
    const Job job = claim_one();
    EXPECT_EQ(job.payload, "one");
    EXPECT_EQ(job.tries, 1);
    EXPECT_TRUE(claim().empty());
    queue.done(job);
    EXPECT_TRUE(rows().empty());
    t.clock.advance(3'600'000);
    EXPECT_TRUE(claim().empty());
}

TEST_F(JobQueueTest, EnqueueRollsBackWithItsTransaction) {
    auto undone = t.db().write<bool>([&](Transaction& tx) -> Result<bool> {
        queue.enqueue(tx, {.corp = corp_a, .queue = "q", .payload = "x"});
        return Error{ErrorCode::rule_broken, "no"};
    });
    EXPECT_FALSE(undone);
    EXPECT_TRUE(claim().empty());
    EXPECT_FALSE(queue.wait("q", 0));
}

TEST_F(JobQueueTest, OrderIsPriorityThenDueTimeThenAge) {
    add({.corp = corp_a, .queue = "q", .payload = "late", .run_at = t.clock.now() + 1});
    add({.corp = corp_a, .queue = "q", .payload = "first"});
    add({.corp = corp_b, .queue = "q", .payload = "second"});
    add({.corp = corp_b, .queue = "q", .payload = "urgent", .priority = 0});
    add({.corp = corp_a, .queue = "other", .payload = "other", .priority = 0});
    t.clock.advance(5);
    EXPECT_EQ(payloads(claim()), (Texts{"urgent", "first", "second", "late"}));
}

TEST_F(JobQueueTest, ALaterTimeIsWaitedFor) {
    add({.corp = corp_a, .queue = "q", .payload = "x", .run_at = t.clock.now() + 1000});
    EXPECT_TRUE(claim().empty());
    t.clock.advance(999);
    EXPECT_TRUE(claim().empty());
    t.clock.advance(1);
    EXPECT_EQ(claim().size(), 1U);
}

TEST_F(JobQueueTest, ExcludedCorpsAndAllowances) {
    for (int i = 0; i < 5; ++i) {
        add(corp_a, "a");
        add(corp_b, "b");
    }
    EXPECT_EQ(payloads(queue.claim("q", 2, 1000, {corp_a})), (Texts{"b", "b"}));
    const auto jobs =
        queue.claim_within("q", 10, 1000, [](CorpId corp) { return corp == corp_a ? 2 : 0; });
    EXPECT_EQ(payloads(jobs), (Texts{"a", "a"}));
}

TEST_F(JobQueueTest, JobsOfOneKeyRunOneAfterAnother) {
    add(corp_a, "1", "k");
    add(corp_a, "2", "k");
    add(corp_a, "free", "other");
    add(corp_b, "same key, other corp", "k");
    auto jobs = claim();
    EXPECT_EQ(payloads(jobs), (Texts{"1", "free", "same key, other corp"}));
    EXPECT_TRUE(claim().empty());
    queue.done(jobs[0]);
    EXPECT_EQ(payloads(claim()), (Texts{"2"}));
}

TEST_F(JobQueueTest, FromItsThirdTryAPoisonJobHoldsItsKeyNoLonger) {
    add(corp_a, "poison", "k");
    add(corp_a, "good", "k");
    const RetrySchedule schedule{{1000, 1000, 1000}};
    queue.fail(claim_one(), schedule, "bad");
    EXPECT_TRUE(claim().empty());  // waiting for its second try: still in order
    t.clock.advance(1300);
    const Job second = claim_one();
    EXPECT_EQ(second.payload, "poison");
    EXPECT_EQ(second.tries, 2);
    EXPECT_TRUE(claim().empty());
    queue.fail(second, schedule, "bad");
    EXPECT_EQ(payloads(claim()), (Texts{"good"}));
}

TEST_F(JobQueueTest, TwoJobsOfOneKeyNeverRunAtOnceWhateverTheirTries) {
    add(corp_a, "old", "k");
    const RetrySchedule schedule{{0, 0, 0}};
    queue.fail(claim_one(), schedule, "bad");
    queue.fail(claim_one(), schedule, "bad");
    const Job third = claim_one();
    EXPECT_EQ(third.tries, 3);
    add(corp_a, "new", "k");
    EXPECT_TRUE(claim().empty());
    queue.fail(third, {{1000, 1000, 1000}}, "bad");
    EXPECT_EQ(payloads(claim()), (Texts{"new"}));
}

TEST_F(JobQueueTest, SupersedeChangesWhatOlderJobsOfTheKeyWouldDo) {
    add(corp_a, "dead", "k");
    queue.dead(claim_one(), "bad");
    add(corp_a, "waiting", "k");
    add(corp_a, "other key", "l");
    add(corp_b, "other corp", "k");
    ASSERT_TRUE(t.db().write<bool>([&](Transaction& tx) -> Result<bool> {
        queue.supersede(tx, corp_a, "q", "k", [](const std::string& payload) {
            return std::optional("new " + payload);
        });
        queue.supersede(tx, corp_a, "q", "", [](const std::string&) {
            return std::optional<std::string>("not of any key");
        });
        return true;
    }));
    EXPECT_EQ(rows(JobState::dead).at(0).payload, "new dead");
    EXPECT_EQ(payloads(claim()), (Texts{"new waiting", "other key", "other corp"}));
}

TEST_F(JobQueueTest, AJobPlannedForTomorrowDoesNotMuteItsKeyButOnePutBackDoes) {
    add(
        {.corp = corp_a,
         .queue = "q",
         .payload = "tomorrow",
         .order_key = "k",
         .run_at = t.clock.now() + 86'400'000}
    );
    add(corp_a, "put back", "k");
    add(corp_a, "younger", "k");
    const Job job = claim_one();
    EXPECT_EQ(job.payload, "put back");
    queue.release(job, t.clock.now() + 5000, "breaker open");
    EXPECT_TRUE(claim().empty());
    t.clock.advance(5000);
    const Job again = claim_one();
    EXPECT_EQ(again.payload, "put back");
    EXPECT_EQ(again.tries, 1);  // the hold burned no try
}

TEST_F(JobQueueTest, FailFollowsTheScheduleAndEndsAsDead) {
    add(corp_a, "x");
    const RetrySchedule schedule{{1000, 10'000}};
    const auto start = t.clock.now();
    queue.fail(claim_one(), schedule, "first");
    auto row = rows().at(0);
    EXPECT_EQ(row.state, JobState::ready);
    EXPECT_NEAR(static_cast<double>(row.run_at - start), 1000, 250);
    EXPECT_EQ(row.error, "first");
    t.clock.advance(1300);
    queue.fail(claim_one(), schedule, "second");
    t.clock.advance(13'000);
    queue.fail(claim_one(), schedule, "third");
    row = rows(JobState::dead).at(0);
    EXPECT_EQ(row.tries, 3);
    EXPECT_EQ(row.error, "third");
    t.clock.advance(86'400'000);
    EXPECT_TRUE(claim().empty());
}

TEST_F(JobQueueTest, ExpiredJobsDieWithoutRunning) {
    add({.corp = corp_a, .queue = "q", .payload = "x", .expires_at = t.clock.now() + 1000});
    add({.corp = corp_a, .queue = "q", .payload = "y", .expires_at = t.clock.now() + 9000});
    t.clock.advance(1000);
    EXPECT_EQ(payloads(claim()), (Texts{"y"}));
    EXPECT_EQ(rows(JobState::dead).at(0).payload, "x");
}

TEST_F(JobQueueTest, NoTryIsPlannedBehindTheExpiry) {
    add({.corp = corp_a, .queue = "q", .payload = "x", .expires_at = t.clock.now() + 1000});
    queue.fail(claim_one(), {}, "down");
    EXPECT_EQ(rows(JobState::dead).size(), 1U);
}

TEST_F(JobQueueTest, ALateHolderHasNoEffect) {
    add(corp_a, "x");
    const Job late = claim(1, 1000).at(0);
    t.clock.advance(1000);
    const Job current = claim_one();
    EXPECT_EQ(current.id, late.id);
    EXPECT_EQ(current.tries, 2);
    EXPECT_FALSE(queue.extend(late, 1000));
    queue.fail(late, {}, "late");
    queue.dead(late, "late");
    auto done =
        t.db().write<bool>([&](Transaction& tx) -> Result<bool> { return queue.done(tx, late); });
    EXPECT_FALSE(*done);
    EXPECT_EQ(rows(JobState::leased).size(), 1U);
    EXPECT_TRUE(queue.extend(current, 1000));
}

TEST_F(JobQueueTest, AnExtendedLeaseHolds) {
    add(corp_a, "x");
    const Job job = claim(1, 1000).at(0);
    t.clock.advance(900);
    EXPECT_TRUE(queue.extend(job, 1000));
    t.clock.advance(900);
    EXPECT_TRUE(claim().empty());
    t.clock.advance(101);
    EXPECT_EQ(claim().size(), 1U);
}

TEST_F(JobQueueTest, AStepOfTheWallClockEndsNoLease) {
    add(corp_a, "x");
    EXPECT_EQ(claim().size(), 1U);
    t.clock.set(t.clock.now() + 86'400'000);
    EXPECT_TRUE(claim().empty());
}

TEST_F(JobQueueTest, ARestartVoidsOlderLeases) {
    add(corp_a, "x");
    const Job before = claim_one();
    JobQueue restarted(t.db(), t.clock, ids, rng);
    const auto jobs = restarted.claim("q", 10, 60'000);
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_NE(jobs[0].fence, before.fence);
    EXPECT_TRUE(restarted.claim("q", 10, 60'000).empty());
}

TEST_F(JobQueueTest, AJobThatTakesItsProcessDownEndsAsDead) {
    add(corp_a, "crash");
    int runs = 0;
    for (int i = 0; i < 40; ++i) {
        JobQueue restarted(t.db(), t.clock, ids, rng);
        runs += static_cast<int>(restarted.claim("q", 1, 60'000).size());
        t.clock.advance(3'600'000);
    }
    EXPECT_EQ(runs, 12);
    EXPECT_EQ(rows(JobState::dead).size(), 1U);
}

TEST_F(JobQueueTest, AUniqueKeyAddsNothingWhileOneWaits) {
    const NewJob job{.corp = corp_a, .queue = "q", .payload = "x", .unique_key = "sync"};
    const auto first = add(job);
    EXPECT_EQ(add(job), first);
    EXPECT_NE(add({.corp = corp_b, .queue = "q", .payload = "x", .unique_key = "sync"}), first);
    const auto leased = queue.claim("q", 1, 1000, {corp_b});
    ASSERT_EQ(leased.size(), 1U);
    const auto next = add(job);  // the leased one may have read its data already
    EXPECT_NE(next, first);
    EXPECT_EQ(add(job), next);
}

TEST_F(JobQueueTest, AUniqueJobIsPulledForwardButKeepsItsBackoff) {
    NewJob job{.corp = corp_a, .queue = "q", .payload = "x", .unique_key = "sync"};
    job.run_at = t.clock.now() + 60'000;
    add(job);
    job.run_at = 0;
    add(job);
    const Job claimed = claim_one();
    queue.retry_at(claimed, t.clock.now() + 60'000, "down");
    add(job);
    EXPECT_TRUE(claim().empty());
}

TEST_F(JobQueueTest, PeopleCanRetryAndDrop) {
    const auto id = add(corp_a, "x");
    queue.dead(claim_one(), "bad");
    const auto act = [&](CorpId corp, JobId job, auto what) {
        auto done = t.db().write<bool>([&](Transaction& tx) -> Result<bool> {
            auto status = what(tx, corp, job);
            return status ? Result<bool>(true) : Result<bool>(status.error());
        });
        return done ? std::optional<ErrorCode>{} : std::optional<ErrorCode>{done.error().code};
    };
    const auto retry = [&](Transaction& tx, CorpId corp, JobId job) {
        return JobQueue::retry(tx, corp, job, t.clock.now());
    };
    const auto drop = [](Transaction& tx, CorpId corp, JobId job) {
        return JobQueue::drop(tx, corp, job);
    };
    EXPECT_EQ(act(corp_b, id, retry), ErrorCode::not_found);  // another corp's job is not there
    EXPECT_EQ(act(corp_b, id, drop), ErrorCode::not_found);
    EXPECT_EQ(act(corp_a, id, retry), std::nullopt);
    EXPECT_EQ(act(corp_a, id, drop), ErrorCode::conflict);
    const Job job = claim_one();
    EXPECT_EQ(job.tries, 1);
    EXPECT_EQ(act(corp_a, id, retry), ErrorCode::conflict);
    queue.dead(job, "bad");
    EXPECT_EQ(act(corp_a, id, drop), std::nullopt);
    EXPECT_EQ(act(corp_a, id, drop), ErrorCode::not_found);
}

TEST_F(JobQueueTest, ListsByStateQueueAndPage) {
    for (int i = 0; i < 5; ++i) {
        add(corp_a, std::to_string(i));
    }
    add(corp_b, "b");
    queue.dead(claim_one(), "bad");
    EXPECT_EQ(rows().size(), 5U);
    EXPECT_EQ(rows(JobState::dead).size(), 1U);
    EXPECT_EQ(rows(JobState::ready).size(), 4U);
    const auto page =
        *t.db().read<std::vector<JobRow>>([&](Snapshot& s) -> Result<std::vector<JobRow>> {
            return JobQueue::list(s, corp_a, std::nullopt, "q", rows().at(1).id, 2);
        });
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[0].payload, "2");
}

TEST_F(JobQueueTest, ManyCorpsAllGetTheirTurn) {
    for (int i = 1; i <= 200; ++i) {
        add(CorpId{i}, std::to_string(i));
    }
    std::set<std::string> seen;
    for (int pass = 0; pass < 5; ++pass) {
        for (const auto& job : queue.claim("q", 100, 60'000)) {
            EXPECT_TRUE(seen.insert(job.payload).second);
        }
    }
    EXPECT_EQ(seen.size(), 200U);
}

TEST_F(JobQueueTest, OldestDueIsForMetrics) {
    const auto oldest = [&] {
        return *t.db().read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return JobQueue::oldest_due_ms(s, t.clock.now());
        });
    };
    EXPECT_EQ(oldest(), 0);
    add(corp_a, "x");
    t.clock.advance(700);
    EXPECT_EQ(oldest(), 700);
}

TEST_F(JobQueueTest, ACommittedJobSignalsItsQueue) {
    add(corp_a, "x");
    EXPECT_FALSE(queue.wait("other", 0));
    EXPECT_TRUE(queue.wait("q", 0));
    EXPECT_FALSE(queue.wait("q", 0));
}

}  // namespace
}  // namespace leadbridge
