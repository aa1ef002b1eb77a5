#include "crm/leads/channel.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

struct ChannelTest : ::testing::Test {
    CrmWorld w;
    ChannelStore channels{w.services()};

    std::optional<Channel> find(ChannelId id) {
        return w.read([&](Snapshot& s) { return ChannelStore::find(s, w.daemon(), id); });
    }

    Status update(ChannelId id, const ChannelEdit& edit, std::optional<std::int64_t> version = {}) {
        return w.write([&](Transaction& tx) {
            return channels.update(tx, w.daemon(), id, edit, version);
        });
    }
};

TEST(State, goes_there_and_back_within_wecoms_length) {
    for (const std::int64_t id : {1LL, 35LL, 36LL, 123'456'789LL, 0x7FFF'FFFF'FFFF'FFFFLL}) {
        const std::string state = issue_state(ChannelId{id});
        EXPECT_LE(state.size(), 30U);
        ASSERT_TRUE(read_state(state).has_value()) << state;
        EXPECT_EQ(read_state(state)->value, id);
    }
}

TEST(State, every_changed_or_cut_character_is_noticed) {
    const std::string state = issue_state(ChannelId{294'967'291'123'456});
    int accepted = 0;
    for (std::size_t i = 0; i < state.size(); ++i) {
        for (const char c : std::string("0123456789abcdefghijklmnopqrstuvwxyzB-:")) {
            std::string other = state;
            other[i] = c;
            accepted += other != state && read_state(other).has_value() ? 1 : 0;
        }
        EXPECT_FALSE(read_state(state.substr(0, i)).has_value());
    }
    EXPECT_LE(accepted, 2) << "two check characters let one of 1296 through";
    for (const char* text :
         {"", "b", "b00", "ch_42", "174", "wb:1:4285486", "b0000", "bzzzzzzzzzzzzzzz"}) {
        EXPECT_FALSE(read_state(text).has_value()) << text;
    }
}

TEST_F(ChannelTest, a_new_channel_waits_for_wecom_and_is_found_by_its_state) {
    const Channel made = w.channel("展厅码", {"ann", "bob"}, {w.tag("展厅")});
    EXPECT_EQ(made.sync, ChannelSync::pending);
    EXPECT_EQ(made.state, issue_state(made.id));
    ASSERT_EQ(w.waiting<PushChannel>().size(), 1U);
    EXPECT_EQ(w.waiting<PushChannel>()[0].change, "create");
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
        channels.pushed(tx, w.corp, made.id, "config-1", "https://wework.qpic.cn/qr");
        return {};
    }));
    const auto got =
        w.read([&](Snapshot& s) { return ChannelStore::find_by_state(s, w.corp, made.state); });
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->sync, ChannelSync::ready);
    EXPECT_EQ(got->config_id, "config-1");
    EXPECT_EQ(got->members, (std::vector<std::string>{"ann", "bob"}));
    EXPECT_EQ(got->tags, made.tags);
    EXPECT_FALSE(w.read([&](Snapshot& s) {
                      return ChannelStore::find_by_state(s, CorpId{99}, made.state);
                  }).has_value());
    EXPECT_FALSE(w.read([&](Snapshot& s) {
                      return ChannelStore::find_by_state(s, w.corp, issue_state(ChannelId{5}));
                  }).has_value()
    ) << "well made, but never issued";
}

TEST_F(ChannelTest, only_what_wecom_knows_is_pushed_again) {
    const Channel made = w.channel("码", {"ann"});
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
        channels.pushed(tx, w.corp, made.id, "config-1", "https://x");
        return {};
    }));
    ChannelEdit welcome;
    welcome.welcome = Welcome{"你好 {contact}", {}};
    EXPECT_TRUE(update(made.id, welcome, 1));
    EXPECT_EQ(w.waiting<PushChannel>().size(), 1U);
    EXPECT_EQ(find(made.id)->sync, ChannelSync::ready);
    ChannelEdit members;
    members.members = {"bob"};
    EXPECT_EQ(update(made.id, members, 1).error().code, ErrorCode::stale);
    EXPECT_TRUE(update(made.id, members, 2));
    ASSERT_EQ(w.waiting<PushChannel>().size(), 2U);
    EXPECT_EQ(w.waiting<PushChannel>()[1].change, "update");
    EXPECT_EQ(find(made.id)->sync, ChannelSync::pending);
    EXPECT_EQ(find(made.id)->welcome.text, "你好 {contact}");
}

TEST_F(ChannelTest, names_the_field_that_breaks_a_rule) {
    const auto reason = [&](auto change) {
        ChannelEdit edit;
        edit.name = "码";
        edit.members = {"ann"};
        change(edit);
        const auto out =
            w.write([&](Transaction& tx) { return channels.create(tx, w.daemon(), edit); });
        return out ? std::string("accepted") : out.error().reason;
    };
    EXPECT_EQ(reason([](ChannelEdit& e) { e.name = ""; }), "name");
    EXPECT_EQ(reason([](ChannelEdit& e) { e.members = std::vector<std::string>{}; }), "members");
    EXPECT_EQ(
        reason([](ChannelEdit& e) { e.members = std::vector<std::string>(101, "m"); }), "members"
    );
    EXPECT_EQ(reason([](ChannelEdit& e) { e.members = {"Ann", "ann"}; }), "members");
    EXPECT_EQ(reason([](ChannelEdit& e) { e.tags = {TagId{4}}; }), "tags");
    EXPECT_EQ(
        reason([](ChannelEdit& e) {
            e.welcome = Welcome{std::string(4'001, 'x'), {}};
        }),
        "content.text"
    );
    EXPECT_EQ(reason([](ChannelEdit&) {}), "accepted");
}

TEST_F(ChannelTest, a_removed_channel_is_hidden_and_still_explains_late_adds) {
    const TagId tag = w.tag("展厅");
    const Channel made = w.channel("码", {"ann"}, {tag});
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
        channels.pushed(tx, w.corp, made.id, "config-1", "https://x");
        return {};
    }));
    ASSERT_TRUE(w.write([&](Transaction& tx) { return channels.remove(tx, w.daemon(), made.id); }));
    EXPECT_FALSE(find(made.id).has_value());
    EXPECT_TRUE(w.read([&](Snapshot& s) {
        return ChannelStore::list(s, w.daemon(), {}).items.empty();
    }));
    EXPECT_EQ(w.waiting<PushChannel>().back().change, "delete");
    EXPECT_EQ(w.waiting<PushChannel>().back().config_id, "config-1");
    EXPECT_EQ(w.take(1'000, CrmWorld::add("ann", "wm1", made.state)).channel, made.id);
    // Made in WeCom only after it was removed here: it goes there too.
    const Channel slow = w.channel("慢", {"ann"});
    ASSERT_TRUE(w.write([&](Transaction& tx) { return channels.remove(tx, w.daemon(), slow.id); }));
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
        channels.pushed(tx, w.corp, slow.id, "config-2", "https://x");
        return {};
    }));
    EXPECT_EQ(w.waiting<PushChannel>().back().config_id, "config-2");
}

TEST_F(ChannelTest, stats_count_adds_leads_lost_and_spoken) {
    const Channel channel = w.channel("码", {"ann"});
    w.take(1'000, CrmWorld::add("ann", "wm1", channel.state));
    w.take(1'000, CrmWorld::add("ann", "wm2", channel.state));
    w.take(1'000, CrmWorld::add("bob", "wm2", channel.state));
    w.take(1'000, CrmWorld::add("ann", "wm3"));
    w.take(9'000, FriendLost{"ann", "wm1", LostBy::contact_deleted});
    w.take(9'000, MessagesSeen{"c", "ann", "wm2", "", 1, 0, 5'000, 5'000, "m", true, {}});
    w.take(9'000, MessagesSeen{"d", "ann", "wm3", "", 1, 0, 5'000, 5'000, "m", true, {}});
    const auto stats =
        w.read([&](Snapshot& s) { return ChannelStore::stats(s, w.daemon(), channel.id); });
    EXPECT_EQ(stats.adds, 3);
    EXPECT_EQ(stats.leads, 2);
    EXPECT_EQ(stats.lost, 1);
    EXPECT_EQ(stats.spoke, 1);
    // The chat may be seen before the add.
    w.take(9'000, MessagesSeen{"e", "bob", "wm4", "", 2, 0, 5'000, 5'000, "m", true, {}});
    w.take(1'000, CrmWorld::add("bob", "wm4", channel.state));
    const auto days = w.read([&](Snapshot& s) {
        return ChannelStore::days(s, w.daemon(), channel.id, {0, 5'000, 10'000});
    });
    ASSERT_EQ(days.size(), 2U);
    EXPECT_EQ(days[0].adds, 4);
    EXPECT_EQ(days[0].spoke, 2);
    EXPECT_EQ(days[0].lost, 0);
    EXPECT_EQ(days[1].lost, 1);
    const Viewer bob{w.corp, w.member("bob"), Scope::self, "member:bob"};
    EXPECT_EQ(w.read([&](Snapshot& s) { return ChannelStore::stats(s, bob, channel.id).adds; }), 2);
    const Viewer foreign = Viewer::daemon(CorpId{99});
    EXPECT_EQ(
        w.read([&](Snapshot& s) { return ChannelStore::stats(s, foreign, channel.id).adds; }), 0
    );
    EXPECT_FALSE(w.read([&](Snapshot& s) { return ChannelStore::find(s, foreign, channel.id); }
    ).has_value());
}

}  // namespace
}  // namespace leadbridge::crm
