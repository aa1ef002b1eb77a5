// A push that came back with a backup: what WeCom got after the backup is found, not sent again.

#include "crm/nurture/push_restore.h"

#include "tests/crm/push_world.h"

namespace leadbridge::crm {
namespace {

constexpr std::int64_t minute = 60'000;

struct RestoredPush : testing::Test, PushWorld {
    void restore(UnixMillis backup_ms) {
        EXPECT_EQ(
            in_write<int>([&](Transaction& tx) -> Result<int> {
                return doubt_pushes(tx, backup_ms);
            }).value(),
            1
        );
        EXPECT_EQ(
            in_write<int>([&](Transaction& tx) -> Result<int> {
                return doubt_pushes(tx, backup_ms);
            }).value(),
            0
        );
    }

    Status none(BatchId id, int attempt) {
        return status_of([&](Transaction& tx) -> Status {
            auto next = ledger.resolve_none(tx, corp, id, attempt);
            return next ? Status{} : Status{next.error()};
        });
    }
};

TEST_F(RestoredPush, APlannedBatchIsLookedUpBeforeItIsSent) {
    add_people(member("sample1"), 3);
    const PushId id = planned();
    const UnixMillis backup = clock().now();
    clock().advance(60 * minute);  // sent, then the disk died
    restore(backup);
    const BatchId batch_id = batches(id).at(0).batch;
    const auto decision = begin(batch_id);
    ASSERT_TRUE(decision);
    EXPECT_EQ(decision->kind, IntentDecision::Kind::stop);
    EXPECT_EQ(batch(batch_id).state, RecipientState::unknown);
    EXPECT_EQ(batch(batch_id).intent_ms, backup);  // from here on WeCom's tasks are looked through
    EXPECT_EQ(waiting_jobs(ResolvePushBatch::queue), 1);
    ASSERT_TRUE(status_of([&](Transaction& tx) {
        return ledger.resolve_found(tx, corp, batch_id, decision->attempt, "msg-of-before");
    }));
    EXPECT_EQ(batch(batch_id).state, RecipientState::submitted);
    EXPECT_EQ(begin(batch_id)->kind, IntentDecision::Kind::stop);
}

TEST_F(RestoredPush, WhatIsNotThereIsSentOnce) {
    add_people(member("sample1"), 3);
    const PushId id = planned();
    const UnixMillis backup = clock().now();
    clock().advance(60 * minute);
    restore(backup);
    const BatchId batch_id = batches(id).at(0).batch;
    const int attempt = begin(batch_id)->attempt;
    for (const int wait : {1, 5, 15}) {
        clock().advance(wait * minute);
        ASSERT_TRUE(none(batch_id, attempt));
    }
    EXPECT_EQ(batch(batch_id).state, RecipientState::planned);
    EXPECT_EQ(begin(batch_id)->kind, IntentDecision::Kind::go);
}

// Submitted before the backup, due after it: planned only now, and still in doubt.
TEST_F(RestoredPush, AScheduledPushIsInDoubtToo) {
    add_people(member("sample1"), 3);
    const PushId id = draft("Hello", R"({"all":[]})", clock().now() + 10 * minute);
    ASSERT_TRUE(submit(id));
    const UnixMillis backup = clock().now();
    clock().advance(60 * minute);
    restore(backup);
    ASSERT_EQ(planner.plan(corp, id), PushPlanner::Step::planned);
    EXPECT_EQ(begin(batches(id).at(0).batch)->kind, IntentDecision::Kind::stop);
    EXPECT_EQ(batches(id).at(0).state, RecipientState::unknown);
}

TEST_F(RestoredPush, WhatIsNewOrOverIsNot) {
    add_people(member("sample1"), 3);
    const PushId before = planned("before");
    ASSERT_TRUE(in_write<Push>([&](Transaction& tx) { return pushes.cancel(tx, daemon(), before); })
    );
    run_own_jobs();
    const UnixMillis backup = clock().now();
    clock().advance(minute);
    EXPECT_EQ(
        in_write<int>([&](Transaction& tx) -> Result<int> {
            return doubt_pushes(tx, backup);
        }).value(),
        0
    );
    const PushId after = planned("after");
    EXPECT_EQ(begin(batches(after).at(0).batch)->kind, IntentDecision::Kind::go);
}

}  // namespace
}  // namespace leadbridge::crm
