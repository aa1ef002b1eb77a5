#include "gateway/inbox.h"

#include "gateway/callbacks.h"
#include "tests/gateway/inbox_fixture.h"

namespace leadbridge::gateway {
namespace {

using InboxTest = InboxFixture;

TEST_F(InboxTest, answers_when_the_row_is_durable) {
    const auto answer = deliver("wm1");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "ok");
    ASSERT_EQ(list().size(), 1U);
    EXPECT_EQ(list()[0].state, InboxState::ready);
    EXPECT_EQ(durable.lock()->size(), 1U);
    EXPECT_EQ(durable.lock()->at(0).second, list()[0].id);
}

TEST_F(InboxTest, bodies_are_sealed_and_shown_without_credentials) {
    deliver("<xml><WelcomeCode>WSECRET</WelcomeCode><UserID>zhangsan</UserID></xml>");
    auto body = core.read<std::string>([](Snapshot& s) -> Result<std::string> {
        return s
            .one(
                "SELECT body FROM inbox",
                {},
                [](const Row& row) { return std::string(row.blob(0)); }
            )
            .value();
    });
    ASSERT_TRUE(body);
    EXPECT_FALSE(body->empty());
    EXPECT_EQ(body->find("zhangsan"), std::string::npos);
    auto shown =
        core.read<InboxShown>([&](Snapshot& s) { return inbox->show(s, viewer, list()[0].id); });
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->body, "<xml><WelcomeCode>***</WelcomeCode><UserID>zhangsan</UserID></xml>");
}

TEST_F(InboxTest, a_repeat_is_answered_and_not_stored) {
    EXPECT_EQ(deliver("wm1").status, 200);
    EXPECT_EQ(deliver("wm1").status, 200);
    restart();
    EXPECT_EQ(deliver("wm1").status, 200);
    EXPECT_EQ(list().size(), 1U);
    EXPECT_EQ(counted("duplicate"), 2);
    EXPECT_EQ(durable.lock()->size(), 1U);  // the welcome lane hears of it once
}

TEST_F(InboxTest, another_body_under_the_same_key_is_kept_and_alarms) {
    auto first = TextConnector::delivery("wm1");
    auto other = TextConnector::delivery("wm2");
    other.key = first.key;
    EXPECT_EQ(deliver(first).status, 200);
    EXPECT_EQ(deliver(other).status, 200);
    EXPECT_EQ(list().size(), 2U);
    EXPECT_EQ(counted("conflict"), 1);
    EXPECT_EQ(durable.lock()->size(), 2U);
    EXPECT_EQ(deliver(other).status, 200);  // and its repeat is found
    EXPECT_EQ(list().size(), 2U);
    EXPECT_EQ(counted("duplicate"), 1);
    processor->run_once();
    EXPECT_EQ(applied, (std::vector<std::string>{"wm1/first", "wm2/first"}));
}

TEST_F(InboxTest, the_same_key_in_another_corp_is_another_row) {
    deliver("wm1");
    auto elsewhere = TextConnector::delivery("wm1");
    elsewhere.corp = CorpId{2};
    deliver(elsewhere);
    EXPECT_EQ(number("SELECT COUNT(*) FROM inbox"), 2);
    EXPECT_EQ(list().size(), 1U);
}

TEST_F(InboxTest, without_id_and_time_every_delivery_is_stored_and_a_quick_repeat_is_marked) {
    const auto post = [&] {
        auto r = TextConnector::delivery("wm1", 0);
        r.repeat_window_ms = 60'000;
        EXPECT_EQ(deliver(r).status, 200);
    };
    post();
    store.clock.advance(10'000);
    post();
    processor->run_once();
    store.clock.advance(10'000);
    post();
    store.clock.advance(120'000);
    post();
    processor->run_once();
    EXPECT_EQ(
        applied, (std::vector<std::string>{"wm1/first", "wm1/again", "wm1/again", "wm1/first"})
    );
    int marked = 0;
    for (const auto& entry : list()) {
        marked += entry.repeat ? 1 : 0;
    }
    EXPECT_EQ(marked, 2);
    // A replay does not decide anew.
    applied.clear();
    for (const auto& entry : list()) {
        EXPECT_TRUE(steer([&](Transaction& tx) { return inbox->replay(tx, viewer, entry.id); }));
    }
    processor->run_once();
    EXPECT_EQ(
        applied, (std::vector<std::string>{"wm1/first", "wm1/again", "wm1/again", "wm1/first"})
    );
}

TEST_F(InboxTest, overload_refuses_those_who_understand_a_503) {
    core.full = true;
    const auto answer = deliver("wm1");
    EXPECT_EQ(answer.status, 503);
    EXPECT_FALSE(answer.retry_after.empty());
    EXPECT_EQ(counted("refused"), 1);
}

Received held(const std::string& body) {
    auto out = TextConnector::delivery(body);
    out.hold_on_overload = true;
    return out;
}

TEST_F(InboxTest, overload_holds_a_callback_until_there_is_a_place) {
    core.full = true;
    Client client;
    inbox->receive(held("wm1"), connector, client.responder());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(client.answer().status, 0);
    core.full = false;
    EXPECT_EQ(client.wait().status, 200);
    EXPECT_EQ(list().size(), 1U);
}

TEST_F(InboxTest, overload_closes_a_callback_after_four_seconds) {
    core.full = true;
    Client client;
    inbox->receive(held("wm1"), connector, client.responder());
    store.clock.advance(3'900);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(client.answer().status, 0);
    store.clock.advance(200);
    EXPECT_EQ(client.wait().status, -1);
    EXPECT_EQ(counted("closed"), 1);
    EXPECT_TRUE(list().empty());
}

TEST_F(InboxTest, a_failed_commit_is_never_acknowledged) {
    core.fails = true;
    EXPECT_EQ(deliver("wm1").status, 503);
    Client client;
    inbox->receive(held("wm2"), connector, client.responder());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(client.answer().status, 0);
    core.fails = false;  // the store recovered in time
    EXPECT_EQ(client.wait().status, 200);
    EXPECT_EQ(list().size(), 1U);
}

TEST_F(InboxTest, the_held_list_is_bounded_and_closed_at_the_stop) {
    core.full = true;
    std::vector<Client> clients(4);
    for (std::size_t i = 0; i < clients.size(); ++i) {
        inbox->receive(held("wm" + std::to_string(i)), connector, clients[i].responder());
    }
    EXPECT_EQ(clients[3].wait().status, -1);  // three may wait
    EXPECT_EQ(clients[0].answer().status, 0);
    inbox->stop();
    for (const auto& client : clients) {
        EXPECT_EQ(client.wait().status, -1);
    }
}

TEST_F(InboxTest, many_deliver_at_once_and_each_is_stored_once) {
    constexpr int threads = 4;
    constexpr int each = 100;
    std::vector<std::thread> senders;
    std::atomic<int> acknowledged{0};
    for (int t = 0; t < threads; ++t) {
        senders.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                // Every text is sent by two threads.
                acknowledged +=
                    deliver("wm" + std::to_string(t % 2) + "-" + std::to_string(i)).status == 200
                        ? 1
                        : 0;
            }
        });
    }
    for (auto& sender : senders) {
        sender.join();
    }
    EXPECT_EQ(acknowledged, threads * each);
    EXPECT_EQ(number("SELECT COUNT(*) FROM inbox"), 2 * each);
    while (processor->run_once() > 0) {
    }
    EXPECT_EQ(applied.size(), static_cast<std::size_t>(2 * each));
}

TEST_F(InboxTest, welcomes_cut_off_by_a_crash_are_delivered_again) {
    auto r = TextConnector::delivery(
        "<xml><CreateTime>1760000000</CreateTime><Event>change_external_contact</"
        "Event><ChangeType>add_external_contact"
        "</ChangeType><UserID>a</UserID><ExternalUserID>wm1</ExternalUserID><WelcomeCode>W1</"
        "WelcomeCode></xml>"
    );
    r.welcome_code = "W1";
    deliver(r);
    deliver("wm2");
    durable.lock()->clear();
    restart();
    inbox->redeliver_welcomes(store.clock.now() - 20'000);
    ASSERT_EQ(durable.lock()->size(), 1U);
    EXPECT_EQ(durable.lock()->at(0).second, list().back().id);
    store.clock.advance(30'000);
    inbox->redeliver_welcomes(store.clock.now() - 20'000);
    EXPECT_EQ(durable.lock()->size(), 1U);
}

TEST_F(InboxTest, a_repeat_starts_the_welcome_that_an_unclear_commit_kept_back) {
    auto first = TextConnector::delivery("wm1");
    first.welcome_code = "W1";
    core.unclear = true;
    EXPECT_EQ(deliver(first).status, 503);
    core.unclear = false;
    ASSERT_EQ(list().size(), 1U);
    EXPECT_TRUE(durable.lock()->empty());
    EXPECT_EQ(deliver(first).status, 200);
    EXPECT_EQ(deliver(first).status, 200);
    for (int i = 0; i < 1'000 && durable.lock()->empty(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    inbox->stop();
    ASSERT_FALSE(durable.lock()->empty());
    EXPECT_EQ(durable.lock()->at(0).second, list()[0].id);
}

TEST_F(InboxTest, people_see_their_corp_only_and_only_with_the_whole_scope) {
    deliver("wm1");
    const auto id = list()[0].id;
    viewer.scope = crm::Scope::team;
    const auto code = [&](const Status& status) {
        return status ? ErrorCode::internal : status.error().code;
    };
    EXPECT_TRUE(list().empty());
    EXPECT_EQ(
        code(steer([&](Transaction& tx) { return inbox->park(tx, viewer, id, "x"); })),
        ErrorCode::forbidden
    );
    viewer = crm::Viewer::daemon(CorpId{2});
    EXPECT_TRUE(list().empty());
    EXPECT_EQ(
        code(steer([&](Transaction& tx) { return inbox->park(tx, viewer, id, "x"); })),
        ErrorCode::not_found
    );
    auto shown = core.read<InboxShown>([&](Snapshot& s) { return inbox->show(s, viewer, id); });
    EXPECT_FALSE(shown);
}

TEST_F(InboxTest, pages_go_on_where_the_last_one_ended) {
    for (int i = 0; i < 5; ++i) {
        deliver("wm" + std::to_string(i));
    }
    std::vector<std::int64_t> seen;
    crm::Page page{0, 2};
    do {
        auto part = core.read<crm::PageOf<InboxEntry>>([&](Snapshot& s) {
            return Inbox::list(s, viewer, InboxFilter{InboxState::ready, "text"}, page);
        });
        for (const auto& entry : part->items) {
            seen.push_back(entry.id);
        }
        page.before = part->next;
    } while (page.before != 0);
    EXPECT_EQ(seen.size(), 5U);
    EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
}

TEST_F(InboxTest, callbacks_bind_paths_to_connectors) {
    Callbacks callbacks(*inbox, store.metrics, store.clock);
    callbacks.bind("/text/", connector);
    Request request;
    request.path = "/text/x";
    request.body = "wm1";
    Client stored;
    EXPECT_TRUE(callbacks.handle(request, stored.responder()));
    EXPECT_EQ(stored.wait().status, 200);
    request.body.clear();
    Client refused;
    EXPECT_TRUE(callbacks.handle(request, refused.responder()));
    EXPECT_EQ(refused.wait().status, 400);
    request.path = "/texture";
    Client untouched;
    EXPECT_FALSE(callbacks.handle(request, untouched.responder()));
    EXPECT_EQ(untouched.answer().status, 0);
    EXPECT_EQ(callbacks.pattern("/text/secret"), "/text/*");
    EXPECT_EQ(callbacks.pattern("/api"), "");
    EXPECT_EQ(list().size(), 1U);
    // Both answers were timed, whoever gave them.
    const std::string metrics = store.metrics.render();
    EXPECT_NE(
        metrics.find("leadbridge_callback_seconds_count{connector=\"text\"} 2\n"), std::string::npos
    );
}

}  // namespace
}  // namespace leadbridge::gateway
