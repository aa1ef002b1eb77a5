#include "gateway/inbox_processor.h"

#include "crm/outbox.h"
#include "tests/gateway/inbox_fixture.h"

namespace leadbridge::gateway {
namespace {

using InboxProcessorTest = InboxFixture;

TEST_F(InboxProcessorTest, uses_rows_in_order_and_once) {
    for (const auto* body : {"wm1", "wm2", "wm3"}) {
        deliver(body);
        store.clock.advance(1);
    }
    EXPECT_EQ(processor->run_once(), 3);
    EXPECT_EQ(processor->run_once(), 0);
    EXPECT_EQ(applied, (std::vector<std::string>{"wm1/first", "wm2/first", "wm3/first"}));
    EXPECT_EQ(touches.size(), 3U);
    restart();
    EXPECT_EQ(processor->run_once(), 0);
    EXPECT_EQ(list(InboxState::done).size(), 3U);
}

TEST_F(InboxProcessorTest, followers_hear_of_each_post_and_of_callbacks_together) {
    const auto told = [&](const std::string& kind) {
        return number(
            "SELECT COUNT(*) FROM change_log WHERE topic='inbox' AND kind='" + kind + "'"
        );
    };
    deliver("wm1");
    deliver("wm2");
    EXPECT_EQ(told("arrived"), 0);
    for (const auto* body : {"wm3", "wm4"}) {
        auto post = TextConnector::delivery(body);
        post.source_id = 9;
        deliver(std::move(post));
    }
    EXPECT_EQ(told("arrived"), 2);
    processor->run_once();
    EXPECT_EQ(told("done"), 3);  // two posts, and the two callbacks once
    EXPECT_EQ(
        number(
            "SELECT COUNT(*) FROM change_log l JOIN inbox i ON i.id=l.id WHERE l.kind='done' AND "
            "i.source_id=9"
        ),
        2
    );
    poisoned = "wm5";
    deliver("wm5");
    processor->run_once();
    EXPECT_EQ(told("failed"), 1);
}

TEST_F(InboxProcessorTest, gives_way_to_a_rush_but_not_for_ever) {
    deliver("wm1");
    processor->run_once();  // a rush is seen between two looks
    deliver("wm2");
    core.rush = true;
    std::atomic<bool> used{false};
    std::thread round([&] {
        EXPECT_EQ(processor->run_once(), 1);
        used = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_FALSE(used);
    store.clock.advance(2'000);
    round.join();
    EXPECT_EQ(applied.size(), 2U);
}

TEST_F(InboxProcessorTest, goes_on_when_the_rush_is_over) {
    deliver("wm1");
    processor->run_once();  // a rush is seen between two looks
    deliver("wm2");
    core.rush = true;
    std::thread round([&] { EXPECT_EQ(processor->run_once(), 1); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    core.rush = false;
    round.join();
    EXPECT_EQ(applied.size(), 2U);
}

TEST_F(InboxProcessorTest, what_a_crash_left_is_used_after_the_restart) {
    deliver("wm1");
    restart();
    EXPECT_EQ(processor->run_once(), 1);
    EXPECT_EQ(applied.size(), 1U);
}

TEST_F(InboxProcessorTest, parked_rows_stay_visible_and_can_be_replayed) {
    deliver("park unknown_event");
    EXPECT_EQ(processor->run_once(), 1);
    auto parked = list(InboxState::parked);
    ASSERT_EQ(parked.size(), 1U);
    EXPECT_EQ(parked[0].reason, "unknown_event");
    EXPECT_EQ(parked[0].detail, "as asked");
    EXPECT_TRUE(applied.empty());
    EXPECT_TRUE(steer([&](Transaction& tx) { return inbox->replay(tx, viewer, parked[0].id); }));
    EXPECT_EQ(list(InboxState::ready).size(), 1U);
    EXPECT_FALSE(steer([&](Transaction& tx) { return inbox->replay(tx, viewer, parked[0].id); }));
    EXPECT_EQ(processor->run_once(), 1);
    EXPECT_TRUE(steer([&](Transaction& tx) { return inbox->drop(tx, viewer, parked[0].id); }));
    EXPECT_EQ(list(InboxState::dropped).size(), 1U);
    EXPECT_FALSE(steer([&](Transaction& tx) { return inbox->drop(tx, viewer, parked[0].id); }));
    EXPECT_EQ(deliver("park unknown_event").status, 200);  // a dropped row still absorbs its repeat
    EXPECT_EQ(list().size(), 1U);
}

TEST_F(InboxProcessorTest, what_one_filter_names_is_replayed_together) {
    for (int i = 0; i < 4; ++i) {
        deliver("park " + std::to_string(i));
        store.clock.advance(10);
    }
    deliver("wm1");
    processor->run_once();
    const auto unused = [&](const InboxFilter& filter, int limit) {
        return core.read<Inbox::Unused>([&](Snapshot& s) {
            return Inbox::unused(s, viewer, filter, limit, 3);
        });
    };
    const InboxFilter parked{InboxState::parked, "text"};
    auto found = unused(parked, 2);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->matched, 3);  // counted no further
    const auto rows = list(InboxState::parked);
    EXPECT_EQ(found->ids, (std::vector<std::int64_t>{rows[3].id, rows[2].id}));  // the oldest
    EXPECT_EQ(unused({InboxState::parked, "other"}, 9)->matched, 0);
    EXPECT_EQ(unused({InboxState::parked, "", 7}, 9)->matched, 0);
    EXPECT_FALSE(unused({InboxState::done, ""}, 9));
    EXPECT_FALSE(unused({}, 9));
    // A row that was settled meanwhile, or is another corp's, is not counted.
    EXPECT_TRUE(steer([&](Transaction& tx) { return inbox->drop(tx, viewer, rows[3].id); }));
    const auto many = [&](const crm::Viewer& who, std::optional<InboxState> still) {
        return core.write<std::int64_t>([&](Transaction& tx) {
            return inbox->replay_many(tx, who, found->ids, still);
        });
    };
    EXPECT_EQ(*many(crm::Viewer::daemon(CorpId{2}), {}), 0);
    EXPECT_EQ(*many(viewer, InboxState::parked), 1);
    EXPECT_EQ(list(InboxState::ready).size(), 1U);
    EXPECT_EQ(list(InboxState::ready)[0].tries, 0);
    EXPECT_EQ(*many(viewer, {}), 1);  // named by its id, whatever its state
    crm::Viewer member = viewer;
    member.scope = crm::Scope::self;
    EXPECT_FALSE(many(member, {}));
    EXPECT_FALSE(core.read<Inbox::Unused>([&](Snapshot& s) {
        return Inbox::unused(s, member, parked, 2, 3);
    }));
    EXPECT_EQ(processor->run_once(), 2);
    const auto dropped = core.write<std::int64_t>([&](Transaction& tx) {
        return inbox->drop_many(
            tx, viewer, std::vector<std::int64_t>{rows[0].id, rows[1].id, list()[0].id}, {}
        );
    });
    EXPECT_EQ(*dropped, 2);  // the used one stays used
    EXPECT_EQ(list(InboxState::parked).size(), 2U);
}

TEST_F(InboxProcessorTest, a_person_parks_a_waiting_row) {
    deliver("wm1");
    EXPECT_TRUE(steer([&](Transaction& tx) {
        return inbox->park(tx, viewer, list()[0].id, "looking into it");
    }));
    EXPECT_EQ(processor->run_once(), 0);
    EXPECT_EQ(list(InboxState::parked)[0].reason, "looking into it");
}

TEST_F(InboxProcessorTest, a_poison_row_does_not_hold_up_the_others) {
    poisoned = "wm2";
    for (const auto* body : {"wm1", "wm2", "throw", "wm3"}) {
        deliver(body);
    }
    throwing = "wm3";
    processor->run_once();
    EXPECT_EQ(applied, (std::vector<std::string>{"wm1/first"}));
    auto waiting = list(InboxState::ready);
    ASSERT_EQ(waiting.size(), 3U);
    EXPECT_EQ(waiting[0].reason, "surprise");
    EXPECT_EQ(waiting[1].reason, "cannot read this");
    EXPECT_EQ(waiting[2].reason, "poison");
    EXPECT_EQ(processor->run_once(), 0);  // not before their time
    throwing.clear();
    store.clock.advance(7'000);
    processor->run_once();
    EXPECT_EQ(applied, (std::vector<std::string>{"wm1/first", "wm3/first"}));
}

TEST_F(InboxProcessorTest, after_twelve_tries_a_row_is_dead_until_somebody_replays_it) {
    poisoned = "wm1";
    deliver("wm1");
    int tries = 0;
    while (!list(InboxState::ready).empty() && tries < 20) {
        tries += processor->run_once();
        store.clock.advance(50'000'000);
    }
    EXPECT_EQ(tries, 12);
    auto dead = list(InboxState::dead);
    ASSERT_EQ(dead.size(), 1U);
    EXPECT_EQ(dead[0].tries, 12);
    poisoned.clear();
    EXPECT_TRUE(steer([&](Transaction& tx) { return inbox->replay(tx, viewer, dead[0].id); }));
    EXPECT_EQ(processor->run_once(), 1);
    EXPECT_EQ(applied.size(), 1U);
}

TEST_F(InboxProcessorTest, rows_of_one_object_wait_for_the_second_try_and_no_longer) {
    const auto about = [](const std::string& body, const std::string& object) {
        auto r = TextConnector::delivery(body);
        r.object = object;
        return r;
    };
    poisoned = "wm1";
    deliver(about("wm1", "contact:A"));
    deliver(about("wm2", "contact:A"));
    deliver(about("wm3", "contact:B"));
    processor->run_once();
    EXPECT_EQ(applied, (std::vector<std::string>{"wm3/first"}));
    EXPECT_EQ(processor->run_once(), 0);
    store.clock.advance(7'000);
    processor->run_once();  // the second try fails as well
    processor->run_once();
    EXPECT_EQ(applied, (std::vector<std::string>{"wm3/first", "wm2/first"}));
}

TEST_F(InboxProcessorTest, a_late_repeat_fetches_its_object_again) {
    deliver("wm1");
    processor->run_once();
    deliver("wm1");  // within the second
    processor->run_once();
    EXPECT_TRUE(jobs.claim(crm::RefetchContact::queue, 10, 1'000).empty());
    store.clock.advance(2'000);
    deliver("wm1");
    deliver("wm1");
    processor->run_once();
    const auto found = jobs.claim(crm::RefetchContact::queue, 10, 1'000);
    ASSERT_EQ(found.size(), 1U);  // two repeats are one call
    EXPECT_EQ(crm::decode<crm::RefetchContact>(found[0].payload)->external_userid, "wm1");
    EXPECT_EQ(applied.size(), 1U);
}

TEST_F(InboxProcessorTest, a_wake_up_reaches_the_hook_and_not_the_timeline) {
    deliver("wake");
    processor->run_once();
    EXPECT_TRUE(applied.empty());
    ASSERT_EQ(touches.size(), 1U);
    EXPECT_EQ(std::get<crm::Noted>(touches[0].body).kind, "msgaudit_notify");
}

TEST_F(InboxProcessorTest, a_damaged_body_is_its_rows_own_trouble) {
    deliver("wm1");
    deliver("wm2");
    EXPECT_TRUE(steer([&](Transaction& tx) -> Status {
        tx.execute(
            "UPDATE inbox SET body=? WHERE corp_id=? AND id=?", {Blob{"damaged"}, 1, list()[1].id}
        );
        return {};
    }));
    processor->run_once();
    EXPECT_EQ(applied, (std::vector<std::string>{"wm2/first"}));
    EXPECT_EQ(list(InboxState::ready)[0].tries, 1);
    EXPECT_NE(list(InboxState::ready)[0].reason.find("seal"), std::string::npos);
}

TEST_F(InboxProcessorTest, a_busy_store_costs_no_row_a_try) {
    deliver("wm1");
    core.busy = true;
    EXPECT_THROW(processor->run_once(), std::runtime_error);
    core.busy = false;
    EXPECT_EQ(list()[0].tries, 0);
    EXPECT_EQ(processor->run_once(), 1);
    EXPECT_EQ(applied.size(), 1U);
}

TEST_F(InboxProcessorTest, the_thread_wakes_and_keeps_house) {
    deliver("wm-old");
    processor->run_once();
    store.clock.advance(8LL * 24 * 3'600 * 1'000);
    deliver("wm-new");
    processor->start();
    processor->wake();
    for (int i = 0; i < 1'000 && number("SELECT COUNT(*) FROM inbox") != 1; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    processor->stop();
    ASSERT_EQ(list().size(), 1U);  // the old one went with the dedupe window
    EXPECT_EQ(list()[0].state, InboxState::done);
    EXPECT_EQ(store.metrics.gauge("leadbridge_inbox_oldest_seconds", "").value(), 0);
}

TEST_F(InboxProcessorTest, the_oldest_wait_is_measured) {
    deliver("wm1");
    store.clock.advance(4'000);
    EXPECT_EQ(
        *core.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return Inbox::oldest_ms(s, store.clock.now());
        }),
        4'000
    );
    processor->run_once();
    EXPECT_EQ(
        *core.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return Inbox::oldest_ms(s, store.clock.now());
        }),
        0
    );
}

}  // namespace
}  // namespace leadbridge::gateway
