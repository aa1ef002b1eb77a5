// Topics and resuming as pure functions; the channel with sockets that are only lists.
#include "gateway/live.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "archive/conversation.h"
#include "crm/contacts/contact.h"
#include "gateway/live_topics.h"
#include "tests/gateway/people_fixture.h"

namespace leadbridge::gateway {
namespace {

ChangeRecord change(std::string topic, std::int64_t id, std::string kind = "updated") {
    return {7, CorpId{1}, std::move(topic), id, std::move(kind), 0};
}

std::vector<std::string> topics_told(ChangeSource source, const ChangeRecord& of) {
    std::vector<std::string> out;
    for (const LiveNews& news : news_of(source, of)) {
        out.push_back(news.topic);
    }
    return out;
}

using Names = std::vector<std::string>;

TEST(LiveTopics, ARowIsToldToItsKindAndToItself) {
    EXPECT_EQ(
        topics_told(ChangeSource::core, change("contact", 5)), (Names{"contacts", "contact:5"})
    );
    EXPECT_EQ(topics_told(ChangeSource::core, change("timeline", 5)), (Names{"feed", "contact:5"}));
    EXPECT_EQ(topics_told(ChangeSource::core, change("push", 9)), (Names{"pushes", "push:9"}));
    EXPECT_EQ(
        topics_told(ChangeSource::archive, change("conversation", 3)),
        (Names{"archive", "conversation:3"})
    );
    EXPECT_EQ(
        topics_told(ChangeSource::core, change("operations", 2)),
        (Names{"operations", "operation:2"})
    );
    EXPECT_EQ(topics_told(ChangeSource::archive, change("contact", 5)), Names{});
    EXPECT_EQ(topics_told(ChangeSource::core, change("session", 5)), Names{});
}

TEST(LiveTopics, EveryTopicThatIsToldCanBeFollowedInItsLog) {
    for (const ChangeSource source : {ChangeSource::core, ChangeSource::archive}) {
        for (const std::string topic :
             {"contact",
              "timeline",
              "lead",
              "channel",
              "tag",
              "segment",
              "push",
              "source",
              "corp",
              "member",
              "department",
              "group",
              "operations",
              "user",
              "inbox",
              "conversation"}) {
            for (const std::string& told : topics_told(source, change(topic, 4))) {
                const auto found = live_topic(told);
                ASSERT_TRUE(found) << told;
                EXPECT_EQ(found->source, source) << told;
                EXPECT_NE(found->permission, crm::Permission::none) << told;
            }
        }
    }
}

TEST(LiveTopics, ANameHasOneSpelling) {
    EXPECT_EQ(live_topic("contact:12")->id, 12);
    for (const std::string name :
         {"",
          "nothing",
          "contact:",
          "contact:x",
          "contact:012",
          "contact:+1",
          "contact:-1",
          "contact:0",
          "contact:1 ",
          "contacts:1",
          "contact",
          "contact:1:2",
          "contact:99999999999999999999"}) {
        EXPECT_FALSE(live_topic(name)) << name;
    }
}

TEST(LiveTopics, AFrameCarriesNoText) {
    EXPECT_EQ(
        change_frame("leads", change("lead", 12, "created")),
        R"({"topic":"leads","seq":"7","type":"created","id":"12","patch":null})"
    );
}

TEST(LiveResume, ReplaysWhatIsRecentAndStillThere) {
    const auto step = [](std::int64_t seq, std::int64_t cursor, std::int64_t oldest, UnixMillis age
                      ) {
        constexpr UnixMillis now = 10'000'000;
        return resume_step({seq, cursor, oldest, cursor - seq, age < 0 ? 0 : now - age, now});
    };
    EXPECT_EQ(step(50, 50, 1, -1), ResumeStep::nothing_missed);
    EXPECT_EQ(step(40, 50, 1, 1'000), ResumeStep::replay);
    EXPECT_EQ(step(40, 50, 41, 1'000), ResumeStep::replay);
    EXPECT_EQ(step(40, 50, 42, 1'000), ResumeStep::resync) << "row 41 is gone";
    EXPECT_EQ(step(40, 50, 1, 300'000), ResumeStep::replay);
    EXPECT_EQ(step(40, 50, 1, 300'001), ResumeStep::resync) << "older than five minutes";
    EXPECT_EQ(step(51, 50, 1, -1), ResumeStep::resync) << "of another log";
    EXPECT_EQ(step(-1, 50, 1, 1'000), ResumeStep::resync) << "unreadable";
    EXPECT_EQ(step(1, 20'002, 1, 1'000), ResumeStep::resync) << "too much";
    EXPECT_EQ(
        resume_step({.seq = 1 << 12, .cursor = 99 << 12, .oldest = 1, .missed = 98}),
        ResumeStep::replay
    ) << "numbers need not be contiguous";
}

class ListSocket final : public WebSocket {
public:
    Sent send(std::shared_ptr<const std::string> text) override {
        const std::lock_guard lock(mutex_);
        if (full_) {
            return Sent::full;
        }
        sent_.push_back(*text);
        changed_.notify_all();
        return Sent::queued;
    }

    void close(std::uint16_t code, std::string) override {
        const std::lock_guard lock(mutex_);
        code_ = code_ == 0 ? code : code_;
        changed_.notify_all();
    }

    // The next frame, {} when none comes.
    json::object next() {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(10), [&] { return !sent_.empty(); })) {
            return {};
        }
        const std::string text = sent_.front();
        sent_.pop_front();
        return parse_json(text).value().as_object();
    }

    int closed_with() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(10), [&] { return code_ != 0; });
        return code_;
    }

    void be_full(bool full) {
        const std::lock_guard lock(mutex_);
        full_ = full;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> sent_;
    bool full_ = false;
    int code_ = 0;
};

struct Tab {
    std::shared_ptr<ListSocket> socket = std::make_shared<ListSocket>();
    std::shared_ptr<WebSocketListener> listener;

    void say(std::string_view op, std::string_view topic, std::string_view seq = "") const {
        listener->text(to_text(json::object{{"op", op}, {"topic", topic}, {"seq", seq}}));
    }

    // Follows the topic; where it stands.
    std::string follow(std::string_view topic) const {
        say("subscribe", topic);
        const json::object answer = socket->next();
        EXPECT_EQ(json_string(answer, "op"), "subscribed") << to_text(answer);
        return json_string(answer, "seq");
    }

    std::string refused(std::string_view topic) const {
        say("subscribe", topic);
        const json::object answer = socket->next();
        EXPECT_EQ(json_string(answer, "op"), "refused") << to_text(answer);
        return json_string(answer, "code");
    }

    std::string op() const { return json_string(socket->next(), "op"); }
};

class LiveTest : public PeopleTest {
protected:
    LiveTest() {
        corp = CorpId{parse_id(add_corp("wwLIVE0000000001")).value()};
        begin({});
    }

    void begin(const LiveOptions& options) {
        const ApiServices& s = app->services();
        tabs.clear();
        live = std::make_unique<Live>(
            LiveServices{
                s.core,
                s.archive,
                s.sessions,
                s.clock,
                s.metrics,
                [this](const Request& request, const Caller& caller) {
                    return app->api().corp_of(request, caller);
                },
                s.messages},
            options
        );
        live->start();
    }

    Result<std::shared_ptr<WebSocketListener>> admit(const Extra& headers) {
        Request request;
        request.path = "/api/v1/live";
        request.headers.add("Host", "crm.example");
        for (const auto& [name, value] : headers) {
            request.headers.add(name, value);
        }
        return live->admit(request);
    }

    Tab& open(const Extra& headers) {
        auto listener = admit(headers);
        EXPECT_TRUE(listener) << (listener ? "" : listener.error().message);
        Tab tab;
        tab.listener = *listener;
        tab.listener->opened(tab.socket);
        return tabs.emplace_back(std::move(tab));
    }

    Tab& open() { return open({{"Authorization", "Bearer " + admin}}); }

    std::int64_t contact(const std::string& name, crm::MemberId owner = {}) {
        const ApiServices& s = app->services();
        return s.core
            .write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
                const auto id = crm::create_contact(tx, s.crm(), corp, name, s.clock.now());
                if (owner) {
                    tx.execute(
                        "UPDATE contact SET owner = ? WHERE corp_id = ? AND id = ?",
                        {owner, corp, id}
                    );
                }
                return id.value;
            })
            .value();
    }

    void changed(const std::string& topic, std::int64_t id, const std::string& kind = "updated") {
        auto written = app->services().core.write<int>([&](Transaction& tx) -> Result<int> {
            tx.changed({corp, topic, id, kind});
            return 0;
        });
        EXPECT_TRUE(written);
    }

    CorpId corp;
    std::unique_ptr<Live> live;
    std::deque<Tab> tabs;
};

TEST_F(LiveTest, WhoFollowsIsToldAndWhoStoppedIsNot) {
    Tab& tab = open();
    tab.follow("contacts");
    const std::int64_t id = contact("A");
    const json::object told = tab.socket->next();
    EXPECT_EQ(json_string(told, "topic"), "contacts");
    EXPECT_EQ(json_string(told, "type"), "created");
    EXPECT_EQ(json_string(told, "id"), std::to_string(id));
    EXPECT_TRUE(told.at("patch").is_null());
    tab.say("unsubscribe", "contacts");
    tab.follow("leads");
    contact("B");
    changed("lead", 3);
    EXPECT_EQ(json_string(tab.socket->next(), "topic"), "leads");
}

TEST_F(LiveTest, ResumeTellsWhatWasMissedOnceAndGoesOn) {
    std::string seq;
    {
        Tab& tab = open();
        seq = tab.follow("pushes");
        tab.listener->closed(1006);
    }
    changed("push", 4);
    changed("lead", 5);
    changed("push", 4);
    changed("push", 6);
    Tab& back = open();
    back.say("resume", "pushes", seq);
    EXPECT_EQ(json_string(back.socket->next(), "id"), "4") << "equal changes are told once";
    const json::object second = back.socket->next();
    EXPECT_EQ(json_string(second, "id"), "6");
    const json::object now = back.socket->next();
    EXPECT_EQ(json_string(now, "op"), "subscribed");
    EXPECT_EQ(json_string(now, "seq"), json_string(second, "seq"));
    changed("push", 8);
    EXPECT_EQ(json_string(back.socket->next(), "id"), "8");
}

TEST_F(LiveTest, WhatCannotBeReplayedIsReadAnew) {
    Tab& tab = open();
    for (const std::string seq : {"999999999", "not a number", "-4"}) {
        tab.say("resume", "leads", seq);
        EXPECT_EQ(tab.op(), "resync") << seq;
    }
}

TEST_F(LiveTest, OtherCorpsAreSilent) {
    const CorpId other{parse_id(add_corp("wwLIVE0000000002")).value()};
    const std::string of_one = token("one", {"read"}, corp.value);
    Tab& tab = open({{"Authorization", "Bearer " + of_one}});
    tab.follow("leads");
    ASSERT_TRUE(app->services().core.write<int>([&](Transaction& tx) -> Result<int> {
        tx.changed({other, "lead", 1, "created"});
        tx.changed({corp, "lead", 2, "created"});
        return 0;
    }));
    EXPECT_EQ(json_string(tab.socket->next(), "id"), "2");
}

TEST_F(LiveTest, ASalespersonIsToldOfOwnContactsOnly) {
    const Browser sam = person("sam", crm::Role::sales, corp);
    const auto& s = app->services();
    const auto member = s.core.read<crm::MemberId>([&](Snapshot& at) -> Result<crm::MemberId> {
        return crm::UserStore::find(at, sam.user)->member;
    });
    const std::int64_t foreign = contact("foreign", crm::MemberId{12345});
    const std::int64_t own = contact("own", *member);
    Tab& tab = open(cookie(sam));
    tab.follow("contacts");
    tab.follow("feed");
    tab.follow("contact:" + std::to_string(own));
    EXPECT_EQ(tab.refused("contact:" + std::to_string(foreign)), "not_found");
    EXPECT_EQ(tab.refused("pushes"), "permission_missing");
    EXPECT_EQ(tab.refused("groups"), "scope_missing");
    EXPECT_EQ(tab.refused("secrets"), "unknown_topic");
    changed("timeline", foreign, "note");
    changed("contact", foreign);
    changed("contact", own);
    EXPECT_EQ(json_string(tab.socket->next(), "id"), std::to_string(own));
    EXPECT_EQ(json_string(tab.socket->next(), "topic"), "contact:" + std::to_string(own));
}

TEST_F(LiveTest, ASalespersonIsToldOfOwnConversationsOnly) {
    const Browser sam = person("sam", crm::Role::sales, corp);
    const auto& s = app->services();
    const auto userid = s.core.read<std::string>([&](Snapshot& at) -> Result<std::string> {
        const auto member = crm::UserStore::find(at, sam.user)->member;
        return at
            .one(
                "SELECT userid FROM member WHERE corp_id = ? AND id = ?",
                {corp, member},
                [](const Row& row) { return row.str(0); }
            )
            .value();
    });
    ASSERT_TRUE(userid);
    const auto said = [&](std::int64_t conversation, const std::string& by) {
        ASSERT_TRUE(s.archive.write<int>([&](Transaction& tx) -> Result<int> {
            tx.execute(
                "INSERT INTO conversation(id, corp_id, key, kind, userid, external_userid, roomid, "
                "first_ms, last_ms, messages, last_from_contact) VALUES(?, ?, ?, 1, ?, 'wmX', '', "
                "1, 1, 1, 0)",
                {conversation, corp, by, by}
            );
            tx.execute(
                "INSERT INTO conversation_participant(corp_id, participant, conversation_id, side) "
                "VALUES(?, ?, ?, 1)",
                {corp, archive::participant_key(by), conversation}
            );
            tx.changed({corp, "conversation", conversation, "updated"});
            return 0;
        }));
    };
    Tab& tab = open(cookie(sam));
    tab.follow("archive");
    said(71, "somebody.else");
    said(72, *userid);
    EXPECT_EQ(json_string(tab.socket->next(), "id"), "72");
    EXPECT_EQ(tab.refused("conversation:71"), "not_found");
    tab.follow("conversation:72");
}

TEST_F(LiveTest, OnlyWhoIsSignedInOnThisSiteIsLetIn) {
    EXPECT_EQ(admit({}).error().reason, "token_missing");
    EXPECT_EQ(admit({{"Authorization", "Bearer nonsense"}}).error().reason, "bad_token");
    const Browser anna = person("anna", crm::Role::admin);
    const std::string session = cookie(anna).front().second;
    EXPECT_EQ(
        admit({{"Cookie", session}, {"Origin", "https://evil.example"}}).error().reason,
        "bad_origin"
    );
    EXPECT_TRUE(admit({{"Cookie", session}, {"Origin", "https://crm.example"}}));
}

TEST_F(LiveTest, WhoseSessionEndsIsCutOffAtOnce) {
    const Browser anna = person("anna", crm::Role::admin);
    Tab& tab = open(cookie(anna));
    tab.follow("leads");
    ASSERT_EQ(browse(anna, Method::post, "auth/logout").status, 204);
    EXPECT_EQ(tab.socket->closed_with(), live_signed_out);
}

TEST_F(LiveTest, AnotherRoleCountsAtOnce) {
    const Browser max = person("max", crm::Role::marketing, corp);
    Tab& tab = open(cookie(max));
    tab.follow("pushes");
    const ApiServices& s = app->services();
    ASSERT_TRUE(s.core.write<int>([&](Transaction& tx) -> Result<int> {
        crm::UserPatch patch;
        patch.role = crm::Role::sales;
        const Status done = crm::UserStore(s.clock, s.ids).patch(tx, max.user, patch, std::nullopt);
        return done ? Result<int>(0) : Result<int>(done.error());
    }));
    EXPECT_EQ(tab.op(), "refused");
    EXPECT_EQ(tab.refused("pushes"), "permission_missing");
}

TEST_F(LiveTest, WhoReadsSlowlyReadsAnewAndIsClosedInTheEnd) {
    LiveOptions options;
    options.slow_ms = 100;
    begin(options);
    Tab& tab = open();
    Tab& other = open();
    tab.follow("leads");
    other.follow("leads");
    tab.socket->be_full(true);
    changed("lead", 1);
    changed("lead", 2);
    EXPECT_EQ(json_string(other.socket->next(), "id"), "1");
    EXPECT_EQ(json_string(other.socket->next(), "id"), "2");
    tab.socket->be_full(false);
    tab.listener->drained();
    EXPECT_EQ(tab.op(), "resync");
    tab.follow("leads");
    changed("lead", 3);
    EXPECT_EQ(json_string(tab.socket->next(), "id"), "3");
    tab.socket->be_full(true);
    changed("lead", 4);
    EXPECT_EQ(tab.socket->closed_with(), websocket_policy);
    const std::string metrics = app->metrics().render();
    EXPECT_EQ(metrics.find("leadbridge_live_dropped_total 0"), std::string::npos);
}

TEST_F(LiveTest, NobodyTakesMoreThanAShare) {
    LiveOptions options;
    options.max_sockets_of_one = 2;
    options.max_topics = 2;
    begin(options);
    Tab& tab = open();
    open();
    EXPECT_EQ(admit({{"Authorization", "Bearer " + admin}}).error().reason, "too_many_sockets");
    const std::string second = token("second", {"read"});
    EXPECT_TRUE(admit({{"Authorization", "Bearer " + second}}));
    tab.follow("leads");
    tab.follow("leads");
    tab.follow("contacts");
    EXPECT_EQ(tab.refused("feed"), "too_many_topics");
}

TEST_F(LiveTest, WhatIsNoFrameEndsTheSocket) {
    for (const std::string text : {"", "[]", "{\"op\":\"shout\"}", "{\"op\":", "{}"}) {
        Tab& tab = open();
        tab.listener->text(text);
        EXPECT_EQ(tab.socket->closed_with(), websocket_policy) << text;
    }
    Tab& tab = open();
    tab.listener->text(R"({"op":"pong"})");
    tab.follow("leads");
}

}  // namespace
}  // namespace leadbridge::gateway
