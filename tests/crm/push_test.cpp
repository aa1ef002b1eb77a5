#include "crm/nurture/push.h"

#include <algorithm>

#include "base/time_zone.h"
#include "crm/nurture/opt_out.h"
#include "crm/nurture/push_audience.h"
#include "tests/crm/push_world.h"

namespace leadbridge::crm {
namespace {

constexpr std::int64_t hour = 3'600'000;
constexpr std::int64_t day = 24 * hour;

std::vector<PushRecipient> everyone(
    PushWorld& w, PushId push, const Viewer& viewer, RecipientFilter filter = {}
) {
    std::vector<PushRecipient> out;
    ContactId after;
    do {
        const RecipientPage page = w.read<RecipientPage>([&](Snapshot& s) {
            return PushStore::recipients(s, viewer, push, filter, after, 2);
        });
        out.insert(out.end(), page.items.begin(), page.items.end());
        after = page.next;
    } while (after);
    return out;
}

std::string reason_of(PushWorld& w, PushId push, ContactId contact) {
    for (const PushRecipient& r : everyone(w, push, w.daemon())) {
        if (r.contact == contact) {
            return r.reason.empty() ? "sent by " + r.sender_userid : r.reason;
        }
    }
    return "not there";
}

void deliver_all(PushWorld& w, PushId push) {
    for (const BatchView& b : w.batches(push)) {
        ASSERT_EQ(w.begin(b.batch)->kind, IntentDecision::Kind::go);
        ASSERT_TRUE(w.submitted(b.batch, 1, "msg" + b.batch.str()).has_value());
        std::vector<SendRow> rows;
        for (const std::string& external : w.batch(b.batch).external_userids) {
            rows.push_back({external, SendStatus::sent, w.clock().now()});
        }
        w.write([&](Transaction& tx) {
            ASSERT_TRUE(w.ledger.record_results(tx, w.corp, b.batch, rows).has_value());
        });
    }
}

TEST(Push, ADraftIsCheckedFieldByField) {
    PushWorld w;
    auto refused = [&](PushEdit edit) {
        const Result<Push> push = w.in_write<Push>([&](Transaction& tx) {
            return w.pushes.create(tx, w.daemon(), edit);
        });
        return push ? std::string("accepted") : push.error().reason;
    };
    PushEdit good;
    good.name = "Sample";
    good.condition = R"({"all":[]})";
    good.content = MessageContent{"Hello", {}};
    EXPECT_EQ(refused(good), "accepted");
    PushEdit bad = good;
    bad.name = "";
    EXPECT_EQ(refused(bad), "name");
    bad = good;
    bad.condition.reset();
    EXPECT_EQ(refused(bad), "condition");
    bad.condition = R"({"tag":5})";
    EXPECT_EQ(refused(bad), "condition_bad_id");
    bad.condition = R"({"segment":"5"})";
    EXPECT_EQ(refused(bad), "condition_unknown_segment");
    bad = good;
    bad.segment = SegmentId{5};
    EXPECT_EQ(refused(bad), "condition");
    bad.condition.reset();
    EXPECT_EQ(refused(bad), "segment_id");
    bad = good;
    bad.content = MessageContent{};
    EXPECT_NE(refused(bad), "accepted");
    bad.content = MessageContent{"Dear {contact}", {}};
    EXPECT_EQ(refused(bad), "content.text");
    bad = good;
    bad.schedule_ms = w.clock().now() + 400 * day;
    EXPECT_EQ(refused(bad), "schedule");
}

TEST(Push, IsEditedAsADraftAndSubmittedOnce) {
    PushWorld w;
    const PushId id = w.draft();
    auto rename = [&](std::int64_t version) {
        PushEdit edit;
        edit.name = "Renamed";
        return w.in_write<Push>([&](Transaction& tx) {
            return w.pushes.update(tx, w.daemon(), id, edit, version);
        });
    };
    EXPECT_EQ(rename(7).error().code, ErrorCode::stale);
    EXPECT_EQ(rename(1)->version, 2);
    EXPECT_EQ(w.submit(id)->status, PushStatus::planning);
    EXPECT_EQ(w.submit(id).error().reason, "push_state");
    EXPECT_EQ(rename(3).error().reason, "push_state");
    EXPECT_EQ(w.waiting_jobs("push.plan"), 1);
    const Result<Push> elsewhere = w.in_write<Push>([&](Transaction& tx) {
        return w.pushes.submit(tx, Viewer::daemon(CorpId{12}), id, std::nullopt);
    });
    EXPECT_EQ(elsewhere.error().code, ErrorCode::not_found);
}

TEST(Push, WaitsForItsTime) {
    PushWorld w;
    w.add_people(w.member("a"), 2);
    const PushId id = w.draft("Hello", R"({"all":[]})", w.clock().now() + hour);
    EXPECT_EQ(w.submit(id)->status, PushStatus::scheduled);
    EXPECT_EQ(w.planner.plan(w.corp, id), PushPlanner::Step::not_yet);
    w.run_own_jobs();
    EXPECT_TRUE(w.batches(id).empty());
    w.add_people(w.member("b"), 1);  // who comes before its time is in it
    w.clock().advance(hour + 1);
    w.run_own_jobs();
    EXPECT_EQ(w.push(id).status, PushStatus::sending);
    EXPECT_EQ(w.counts(id).planned, 3);
}

TEST(Push, ASegmentIsFrozenAtSubmit) {
    PushWorld w;
    w.add_people(w.member("a"), 2);
    SegmentStore segments(w.bitmaps, w.clock(), w.ids);
    const Result<Segment> segment = w.in_write<Segment>([&](Transaction& tx) {
        return segments.create(tx, w.daemon(), {.name = "All", .condition = R"({"all":[]})"});
    });
    const PushId id = w.draft("Hello", R"({"segment":")" + segment->id.str() + "\"}");
    EXPECT_EQ(
        w.status_of([&](Transaction& tx) {
             return segments.remove(tx, w.daemon(), segment->id, std::nullopt);
         })
            .error()
            .reason,
        "segment_in_use"
    );
    ASSERT_TRUE(w.submit(id).has_value());
    const Result<Segment> changed = w.in_write<Segment>([&](Transaction& tx) {
        return segments.update(
            tx, w.daemon(), segment->id, {.name = {}, .condition = R"({"any":[]})"}, 1
        );
    });
    ASSERT_TRUE(changed.has_value());
    w.run_own_jobs();
    EXPECT_EQ(w.counts(id).planned, 2);
}

TEST(Push, NobodyInItIsDoneAtOnce) {
    PushWorld w;
    const PushId id = w.planned("Hello", R"({"any":[]})");
    EXPECT_EQ(w.push(id).status, PushStatus::done);
    EXPECT_EQ(w.counts(id).planned, 0);
}

TEST(Push, EveryExclusionHasItsReason) {
    PushWorld w;
    const MemberId active = w.member("active");
    const MemberId left = w.member("left", MemberStatus::left);
    ContactId alone, lost, out, blocked, orphan, twin, fine, merged;
    w.write([&](Transaction& tx) {
        fine = w.add_person(tx, active).contact;
        alone = w.add_contact(tx, {});
        lost = w.add_contact(tx, {});
        w.add_follow(tx, lost, active, "wmlost", 5, 6);
        out = w.add_person(tx, active).contact;
        blocked = w.add_person(tx, active).contact;
        orphan = w.add_person(tx, left).contact;
        twin = w.add_contact(tx, {});
        w.add_follow(
            tx, twin, w.add_member(tx, "third"), "wm1", 9
        );  // the external_userid of `fine`
        merged = w.add_person(tx, active).contact;
        tx.execute("UPDATE contact SET merged_into = ? WHERE id = ?", {fine, merged});
        ASSERT_TRUE(set_opt_out(tx, w.services(), w.daemon(), out, OptOut::opted_out).has_value());
        ASSERT_TRUE(set_opt_out(tx, w.services(), w.daemon(), blocked, OptOut::blocked).has_value()
        );
    });
    const PushId id = w.planned();
    EXPECT_EQ(reason_of(w, id, fine), "sent by active");
    EXPECT_EQ(reason_of(w, id, alone), "no_follow");
    EXPECT_EQ(reason_of(w, id, lost), "lost");
    EXPECT_EQ(reason_of(w, id, out), "opted_out");
    EXPECT_EQ(reason_of(w, id, blocked), "blocked");
    EXPECT_EQ(reason_of(w, id, orphan), "sender_unavailable");
    EXPECT_EQ(reason_of(w, id, twin), "duplicate_person");
    EXPECT_EQ(reason_of(w, id, merged), "not there");
    const PushCounts c = w.counts(id);
    EXPECT_EQ(c.planned, 1);
    EXPECT_EQ(c.excluded.size(), 6U);
    EXPECT_EQ(c.excluded.at("lost"), 1);
    const auto excluded = everyone(w, id, w.daemon(), {.state = RecipientState::excluded});
    EXPECT_EQ(excluded.size(), 6U);
    EXPECT_EQ(everyone(w, id, w.daemon(), {.reason = "opted_out"}).at(0).contact, out);

    const PushId second = w.planned("Something else");
    EXPECT_EQ(reason_of(w, second, fine), "in_other_push");  // planned, not handed over
    deliver_all(w, id);
    const PushId third = w.planned("Something else again");
    EXPECT_EQ(reason_of(w, third, fine), "sent by active");
}

TEST(Push, TheSameMessageIsNotSentToWhoStillWaitsForIt) {
    PushWorld w;
    const auto people = w.add_people(w.member("a"), 1);
    const PushId first = w.planned();
    ASSERT_TRUE(w.begin(w.batches(first)[0].batch).has_value());
    ASSERT_TRUE(w.submitted(w.batches(first)[0].batch, 1, "m").has_value());
    EXPECT_EQ(reason_of(w, w.planned("Hello"), people[0].contact), "in_other_push");
    EXPECT_EQ(reason_of(w, w.planned("Another"), people[0].contact), "sent by a");
}

TEST(Push, TheOwnerSendsElseTheNewestFriend) {
    PushWorld w;
    const MemberId owner = w.member("owner");
    const MemberId old_friend = w.member("old");
    const MemberId new_friend = w.member("new");
    const MemberId gone = w.member("gone", MemberStatus::disabled);
    ContactId a, b, c, d;
    w.write([&](Transaction& tx) {
        a = w.add_contact(tx, {.owner = owner});
        w.add_follow(tx, a, owner, "wa", 1);
        w.add_follow(tx, a, new_friend, "wa", 99);
        b = w.add_contact(tx, {.owner = owner});  // the owner was deleted
        w.add_follow(tx, b, owner, "wb", 1, 2);
        w.add_follow(tx, b, old_friend, "wb", 5);
        w.add_follow(tx, b, new_friend, "wb", 6);
        c = w.add_contact(tx, {.owner = gone});  // the owner can't send
        w.add_follow(tx, c, gone, "wc", 9);
        w.add_follow(tx, c, old_friend, "wc", 2);
        d = w.add_contact(tx, {});
        w.add_follow(tx, d, new_friend, "wd", 7);
        w.add_follow(tx, d, gone, "wd", 70);
    });
    const PushId id = w.planned();
    EXPECT_EQ(reason_of(w, id, a), "sent by owner");
    EXPECT_EQ(reason_of(w, id, b), "sent by new");
    EXPECT_EQ(reason_of(w, id, c), "sent by old");
    EXPECT_EQ(reason_of(w, id, d), "sent by new");
}

TEST(Push, BatchesHaveOneSenderAndALimit) {
    PushWorld w({.recipients_per_slice = 4, .batches_per_slice = 1, .recipients_per_batch = 3});
    const MemberId a = w.member("a");
    const MemberId b = w.member("b");
    w.add_people(a, 7);
    w.add_people(b, 2);
    const PushId id = w.planned();
    std::vector<std::pair<std::string, int>> sizes;
    std::set<std::string> externals;
    for (const BatchView& batch : w.batches(id)) {
        sizes.emplace_back(batch.sender, batch.recipients);
        const auto list = w.batch(batch.batch).external_userids;
        EXPECT_EQ(static_cast<int>(list.size()), batch.recipients);
        externals.insert(list.begin(), list.end());
    }
    std::sort(sizes.begin(), sizes.end());
    EXPECT_EQ(
        sizes, (std::vector<std::pair<std::string, int>>{{"a", 1}, {"a", 3}, {"a", 3}, {"b", 2}})
    );
    EXPECT_EQ(externals.size(), 9U);
    EXPECT_EQ(w.waiting_jobs(SendPushBatch::queue), 4);
}

TEST(Push, APlannerThatDiesAnywhereAddsNothingTwice) {
    for (int slices = 1; slices <= 3; ++slices) {
        PushWorld w({.recipients_per_slice = 2, .batches_per_slice = 1, .recipients_per_batch = 3});
        const MemberId a = w.member("a");
        w.add_people(a, 8);
        w.write([&](Transaction& tx) { w.add_contact(tx, {}); });
        const PushId id = w.draft();
        ASSERT_TRUE(w.submit(id).has_value());
        int runs = 1;
        while (w.planner.plan(w.corp, id, nullptr, slices) == PushPlanner::Step::interrupted) {
            EXPECT_NE(w.push(id).status, PushStatus::sending);
            if (!w.batches(id).empty() && w.push(id).status == PushStatus::planning && runs == 1) {
                EXPECT_EQ(
                    w.begin(w.batches(id)[0].batch)->kind, IntentDecision::Kind::wait
                );  // not yet complete
            }
            ASSERT_LT(++runs, 50);
        }
        EXPECT_GT(runs, 2);
        EXPECT_EQ(w.planner.plan(w.corp, id), PushPlanner::Step::planned);
        EXPECT_EQ(w.push(id).status, PushStatus::sending);
        EXPECT_EQ(w.counts(id).planned, 8);
        EXPECT_EQ(w.counts(id).excluded.at("no_follow"), 1);
        EXPECT_EQ(w.number("SELECT SUM(n) FROM push_batch"), 8);
        EXPECT_EQ(w.number("SELECT COUNT(*) FROM push_recipient"), 9);
        EXPECT_EQ(w.waiting_jobs(SendPushBatch::queue), 3);
    }
}

TEST(Push, CancelledWhilePlanningSendsNothing) {
    PushWorld w({.recipients_per_slice = 2, .batches_per_slice = 1, .recipients_per_batch = 3});
    w.add_people(w.member("a"), 8);
    const PushId id = w.draft();
    ASSERT_TRUE(w.submit(id).has_value());
    EXPECT_EQ(w.planner.plan(w.corp, id, nullptr, 2), PushPlanner::Step::interrupted);
    auto cancel = [&] {
        return w.in_write<Push>([&](Transaction& tx) { return w.pushes.cancel(tx, w.daemon(), id); }
        );
    };
    EXPECT_EQ(cancel()->status, PushStatus::cancelled);
    EXPECT_EQ(cancel()->status, PushStatus::cancelled);
    w.run_own_jobs();
    EXPECT_EQ(w.waiting_jobs(SendPushBatch::queue), 0);
    const PushCounts c = w.counts(id);
    EXPECT_EQ(c.planned, 4);
    EXPECT_EQ(c.cancelled, 4);
    EXPECT_EQ(c.pending, 0);
    for (const BatchView& b : w.batches(id)) {
        EXPECT_EQ(b.state, RecipientState::cancelled);
    }
}

TEST(Push, ADonePushIsNotCancelled) {
    PushWorld w;
    const PushId id = w.planned("Hello", R"({"any":[]})");
    const Result<Push> push =
        w.in_write<Push>([&](Transaction& tx) { return w.pushes.cancel(tx, w.daemon(), id); });
    EXPECT_EQ(push.error().reason, "push_state");
}

TEST(Push, RemindsOnlyWhileSomebodyWaits) {
    PushWorld w;
    w.add_people(w.member("a"), 1);
    const PushId id = w.draft();
    auto remind = [&] {
        return w.status_of([&](Transaction& tx) { return w.pushes.remind(tx, w.daemon(), id); });
    };
    EXPECT_EQ(remind().error().reason, "push_state");
    ASSERT_TRUE(w.submit(id).has_value());
    w.run_own_jobs();
    EXPECT_EQ(remind().error().reason, "push_nobody_waits");
    ASSERT_TRUE(w.begin(w.batches(id)[0].batch).has_value());
    ASSERT_TRUE(w.submitted(w.batches(id)[0].batch, 1, "m").has_value());
    EXPECT_TRUE(remind().has_value());
    EXPECT_EQ(w.waiting_jobs(PushCommand::queue), 1);
}

TEST(Push, AMemberReachesOnlyWhomItSees) {
    PushWorld w;
    const MemberId a = w.member("a");
    const MemberId b = w.member("b");
    const auto mine = w.add_people(a, 2);
    w.add_people(b, 3);
    const Viewer viewer{w.corp, a, Scope::self, "member:" + a.str()};
    const PushId id = w.draft();
    ASSERT_TRUE(w.in_write<Push>([&](Transaction& tx) {
                     return w.pushes.submit(tx, viewer, id, std::nullopt);
                 }).has_value());
    w.run_own_jobs();
    EXPECT_EQ(w.counts(id).planned, 2);
    EXPECT_EQ(w.counts(id).excluded.size(), 0U);
    const PushId all = w.planned("Other");
    EXPECT_EQ(everyone(w, all, viewer).size(), 2U);
    EXPECT_EQ(everyone(w, all, w.daemon()).size(), 5U);
}

struct CapCase {
    PushCapRule rule;
    std::vector<std::int64_t> days_ago;  // when earlier pushes were delivered
    bool capped;
};

class PushCap : public testing::TestWithParam<CapCase> {};

TEST_P(PushCap, CountsOurOwnLedgerInTheCorpsZone) {
    PushWorld w;
    w.write([&](Transaction& tx) {
        tx.execute("UPDATE corp SET push_cap = ? WHERE id = ?", {GetParam().rule, w.corp});
    });
    const auto people = w.add_people(w.member("a"), 1);
    const UnixMillis now = w.clock().now();
    int n = 0;
    std::vector<std::int64_t> ago = GetParam().days_ago;
    std::sort(ago.rbegin(), ago.rend());
    for (std::int64_t days : ago) {
        w.clock().set(now - days * day);
        const PushId id = w.draft("Earlier " + std::to_string(++n));
        ASSERT_TRUE(w.submit(id).has_value());
        w.write([&](Transaction& tx) {  // as if delivered then, whatever the rule said
            const auto batch = w.ids.next();
            tx.execute(
                "INSERT INTO push_recipient (corp_id, push_id, contact_id, batch_id, sender_id, "
                "external_userid, exclusion, "
                "outcome, error, planned_ms, outcome_ms) VALUES (?, ?, ?, ?, 1, 'wm1', '', 2, '', "
                "?, ?)",
                {w.corp, id, people[0].contact, batch, now - days * day, now - days * day}
            );
        });
    }
    w.clock().set(now);
    EXPECT_EQ(
        reason_of(w, w.planned("Now"), people[0].contact),
        GetParam().capped ? "capped" : "sent by a"
    );
}

// Now is 15 January, 16:00 in Shanghai.
INSTANTIATE_TEST_SUITE_P(
    Rules,
    PushCap,
    testing::Values(
        CapCase{PushCapRule::one_per_day, {1}, false},
        CapCase{PushCapRule::one_per_day, {0}, true},
        CapCase{PushCapRule::seven_per_week, {1, 2, 3, 4, 5, 6}, false},
        CapCase{PushCapRule::seven_per_week, {0, 1, 2, 3, 4, 5, 6}, true},
        CapCase{PushCapRule::seven_per_week, {1, 2, 3, 4, 5, 6, 7}, false},
        CapCase{PushCapRule::days_in_month, std::vector<std::int64_t>(30, 2), false},
        CapCase{PushCapRule::days_in_month, std::vector<std::int64_t>(31, 2), true},
        CapCase{PushCapRule::days_in_month, std::vector<std::int64_t>(31, 15), false}
    )
);

TEST(PushCap, WindowsFollowTheLocalCalendar) {
    const UnixMillis now = *parse_rfc3339("2027-02-28T16:30:00Z");  // 1 March, 00:30 in Shanghai
    EXPECT_EQ(
        rfc3339(cap_window(PushCapRule::one_per_day, now, "Asia/Shanghai").since),
        "2027-02-28T16:00:00.000Z"
    );
    EXPECT_EQ(cap_window(PushCapRule::days_in_month, now, "Asia/Shanghai").limit, 31);
    EXPECT_EQ(cap_window(PushCapRule::days_in_month, now, "UTC").limit, 28);
    EXPECT_EQ(
        rfc3339(cap_window(PushCapRule::seven_per_week, now, "UTC").since),
        "2027-02-22T00:00:00.000Z"
    );
}

}  // namespace
}  // namespace leadbridge::crm
