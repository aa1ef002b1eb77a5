#include "crm/leads/serving.h"

#include <gtest/gtest.h>

#include "base/time_zone.h"
#include "crm/leads/channel_serving.h"
#include "crm/staff/audit.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

using Names = std::vector<std::string>;

constexpr int hour = 60;

Server person(std::string userid, int cap = 0, std::int64_t adds = 0) {
    Server out;
    out.userid = std::move(userid);
    out.daily_cap = cap;
    out.adds_today = adds;
    return out;
}

Server on(std::string userid, std::vector<RotaSlot> rota) {
    Server out = person(std::move(userid));
    out.rota = std::move(rota);
    return out;
}

Server backup(std::string userid) {
    Server out = person(std::move(userid));
    out.backup = true;
    return out;
}

struct Table {
    std::string zone = "Asia/Shanghai";
    std::vector<Server> people;
    Names told{};

    Serving at(std::string_view local) const {
        return who_serves({people, told, zone, *parse_local(local, zone)});
    }

    std::string until(std::string_view local) const {
        const UnixMillis until = at(local).until;
        return until == 0 ? "never" : format_local(until, zone);
    }
};

TEST(WhoServes, everybody_without_limits_and_never_changes) {
    const Table t{.people = {person("ann"), person("bob")}};
    const Serving s = t.at("2026-03-02 10:00:00");
    EXPECT_EQ(s.users, (Names{"ann", "bob"}));
    EXPECT_EQ(s.by, ServedBy::members);
    EXPECT_EQ(s.until, 0);
}

TEST(WhoServes, a_slot_holds_from_its_first_minute_to_before_its_last) {
    // 2026-03-02 is a Monday.
    const Table t{
        .people = {on("ann", {{1, 9 * hour, 12 * hour}}), on("bob", {{1, 12 * hour, 18 * hour}})}};
    EXPECT_EQ(t.at("2026-03-02 09:00:00").users, Names{"ann"});
    EXPECT_EQ(t.until("2026-03-02 09:00:00"), "2026-03-02 12:00:00");
    EXPECT_EQ(t.at("2026-03-02 11:59:59").users, Names{"ann"});
    EXPECT_EQ(t.at("2026-03-02 12:00:00").users, Names{"bob"});
    EXPECT_EQ(t.at("2026-03-02 12:00:00").duty, (std::vector{Duty::off_duty, Duty::serves}));
}

TEST(WhoServes, slots_that_touch_are_one_duty) {
    const Table t{
        .people = {
            on("ann", {{1, 9 * hour, 12 * hour}, {1, 12 * hour, 18 * hour}}), person("bob")}};
    EXPECT_EQ(t.until("2026-03-02 10:00:00"), "2026-03-02 18:00:00");
}

TEST(WhoServes, a_slot_over_midnight_belongs_to_the_day_it_begins) {
    const Table t{.people = {on("ann", {{7, 22 * hour, 6 * hour}}), person("bob")}};
    EXPECT_EQ(t.at("2026-03-01 21:59:59").users, Names{"bob"});
    EXPECT_EQ(t.at("2026-03-01 22:00:00").users, (Names{"ann", "bob"}));
    EXPECT_EQ(t.at("2026-03-02 05:59:59").users, (Names{"ann", "bob"})) << "Sunday's night";
    EXPECT_EQ(t.at("2026-03-02 06:00:00").users, Names{"bob"});
    EXPECT_EQ(t.at("2026-03-02 23:00:00").users, Names{"bob"}) << "Monday has no night";
    EXPECT_EQ(t.until("2026-03-02 06:00:00"), "2026-03-08 22:00:00");
}

TEST(WhoServes, a_whole_day_ends_with_the_day) {
    const Table t{.people = {on("ann", {{1, 0, 24 * hour}}), person("bob")}};
    EXPECT_EQ(t.until("2026-03-02 00:00:00"), "2026-03-03 00:00:00");
    EXPECT_EQ(t.until("2026-03-01 23:00:00"), "2026-03-02 00:00:00");
}

TEST(WhoServes, the_clock_of_the_zone_counts_also_where_it_jumps) {
    // 2026-03-29 02:00 becomes 03:00 in Berlin; 2026-10-25 03:00 becomes 02:00. Both Sundays.
    const Table t{
        .zone = "Europe/Berlin", .people = {on("ann", {{7, 1 * hour, 4 * hour}}), person("bob")}};
    const auto length = [&](std::string_view from) {
        return (t.at(from).until - *parse_local(from, t.zone)) / 60'000;
    };
    EXPECT_EQ(length("2026-03-22 01:00:00"), 180);
    EXPECT_EQ(length("2026-03-29 01:00:00"), 120);
    EXPECT_EQ(length("2026-10-25 01:00:00"), 240);
    // A slot within the hour that does not exist moves with the clock.
    const Table gap{.zone = "Europe/Berlin", .people = {on("ann", {{7, 130, 150}}), person("bob")}};
    EXPECT_EQ(gap.until("2026-03-29 01:59:00"), "2026-03-29 03:10:00");
}

TEST(WhoServes, the_full_step_aside_until_midnight) {
    const Table t{.people = {person("ann", 2, 2), person("bob", 3, 2)}};
    const Serving s = t.at("2026-03-02 10:00:00");
    EXPECT_EQ(s.users, Names{"bob"});
    EXPECT_EQ(s.duty[0], Duty::full);
    EXPECT_EQ(t.until("2026-03-02 10:00:00"), "2026-03-03 00:00:00");
    EXPECT_EQ(t.until("2026-03-02 23:59:59"), "2026-03-03 00:00:00");
}

TEST(WhoServes, a_backup_serves_when_all_are_full_or_off) {
    const Table t{
        .people = {person("ann", 2, 5), on("bob", {{1, 14 * hour, 18 * hour}}), backup("cid")}};
    const Serving s = t.at("2026-03-02 10:00:00");
    EXPECT_EQ(s.users, Names{"cid"});
    EXPECT_EQ(s.by, ServedBy::backups);
    EXPECT_EQ(t.until("2026-03-02 10:00:00"), "2026-03-02 14:00:00");
    const Serving later = t.at("2026-03-02 14:00:00");
    EXPECT_EQ(later.users, Names{"bob"});
    EXPECT_EQ(later.duty[2], Duty::stands_by);
}

TEST(WhoServes, without_a_backup_the_last_go_on_rather_than_nobody) {
    Table t{.people = {person("ann", 2, 2), person("bob", 2, 2)}};
    t.told = {"bob"};
    const Serving s = t.at("2026-03-02 10:00:00");
    EXPECT_EQ(s.users, Names{"bob"});
    EXPECT_EQ(s.by, ServedBy::kept);
    EXPECT_EQ(t.until("2026-03-02 10:00:00"), "2026-03-03 00:00:00");
    t.told = {"somebody else"};
    EXPECT_EQ(t.at("2026-03-02 10:00:00").users, (Names{"ann", "bob"}));
    t.people[1].active = false;
    EXPECT_EQ(t.at("2026-03-02 10:00:00").users, Names{"ann"});
    t.people[0].refused = true;
    EXPECT_EQ(t.at("2026-03-02 10:00:00").users, (Names{"ann", "bob"})) << "WeCom wants somebody";
}

TEST(WhoServes, who_left_or_is_refused_does_not_serve_backups_neither) {
    Table t{.people = {person("ann"), person("bob"), backup("cid"), backup("dan")}};
    t.people[0].active = false;
    EXPECT_EQ(t.at("2026-03-02 10:00:00").users, Names{"bob"});
    EXPECT_EQ(t.at("2026-03-02 10:00:00").duty[0], Duty::inactive);
    t.people[1].refused = true;
    t.people[2].refused = true;
    EXPECT_EQ(t.at("2026-03-02 10:00:00").users, Names{"dan"});
    EXPECT_EQ(t.at("2026-03-02 10:00:00").duty[1], Duty::refused);
}

TEST(Limits, go_there_and_back_and_refuse_what_they_do_not_know) {
    ChannelLimits limits;
    limits.members = {{"ann", 20, {{1, 540, 1'080}, {5, 1'320, 360}}}, {"bob", 0, {{7, 0, 1'440}}}};
    limits.backups = {"cid"};
    const auto back = decode_limits(encode_limits(limits));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(*back, limits);
    EXPECT_TRUE(decode_limits("null")->empty());
    EXPECT_TRUE(decode_limits("{}")->empty());
    for (const char* text :
         {R"([])",
          R"({"caps":[]})",
          R"({"members":[{"userid":"ann","daily_cap":0}]})",
          R"({"members":[{"userid":"ann","daily_cap":"2"}]})",
          R"({"members":[{"userid":"ann","rota":[{"weekday":1,"from":1}]}]})",
          R"({"members":[{"userid":"ann","rota":{}}]})",
          R"({"backups":[1]})"}) {
        EXPECT_FALSE(decode_limits(text).has_value()) << text;
    }
}

TEST(Limits, must_fit_the_channels_members) {
    const Names members{"Ann", "bob"};
    const auto good = [&](const ChannelLimits& limits) {
        return check_limits(limits, members).has_value();
    };
    EXPECT_TRUE(good({{{"ann", 2, {}}}, {"cid"}}));
    EXPECT_FALSE(good({{{"cid", 2, {}}}, {}})) << "no member";
    EXPECT_FALSE(good({{{"ann", 2, {}}, {"Ann", 3, {}}}, {}})) << "twice";
    EXPECT_FALSE(good({{}, {"BOB"}})) << "a member is no backup";
    EXPECT_FALSE(good({{}, {"cid", "cid"}}));
    EXPECT_FALSE(good({{{"ann", 10'001, {}}}, {}}));
    for (const RotaSlot slot :
         {RotaSlot{0, 1, 2},
          RotaSlot{8, 1, 2},
          RotaSlot{1, 5, 5},
          RotaSlot{1, 1'440, 5},
          RotaSlot{1, 5, 0},
          RotaSlot{1, 5, 1'441}}) {
        EXPECT_FALSE(good({{{"ann", 0, {slot}}}, {}})) << slot.weekday << " " << slot.from;
    }
    ChannelLimits limits{{{"ann", 2, {}}, {"bob", 2, {}}}, {"cid"}};
    fit_limits(limits, {"ann", "cid"});
    EXPECT_EQ(limits, (ChannelLimits{{{"ann", 2, {}}}, {}})) << "bob went, cid became a member";
}

struct ChannelServing : ::testing::Test {
    CrmWorld w;
    ChannelStore channels{w.services()};
    ChannelId id = w.channel("展厅码", {"ann", "bob"}).id;

    Channel channel() {
        return *w.read([&](Snapshot& s) { return ChannelStore::find(s, w.daemon(), id); });
    }

    void limit(ChannelLimits limits) {
        ChannelEdit edit;
        edit.limits = std::move(limits);
        ASSERT_TRUE(w.write([&](Transaction& tx) {
            return channels.update(tx, w.daemon(), id, edit, {});
        }));
    }

    // What the connector does when WeCom has taken the list.
    void tell(const Names& users, const std::vector<RefusedMember>& refused = {}) {
        const Channel now = channel();
        ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
            served(tx, w.services(), now, users, refused);
            return {};
        }));
    }

    Serving plan() {
        const Channel now = channel();
        return w.read([&](Snapshot& s) {
            return who_serves(serving_question(s, now, w.clock().now()));
        });
    }

    std::size_t serve_jobs() {
        std::size_t n = 0;
        for (const PushChannel& job : w.waiting<PushChannel>()) {
            n += job.change == "serve" ? 1U : 0U;
        }
        return n;
    }

    std::vector<ChannelSwap> swaps(const Viewer& viewer) {
        return w.read([&](Snapshot& s) { return list_swaps(s, viewer, id, {}).items; });
    }

    void scan(const std::string& userid, const std::string& external) {
        w.take(w.clock().now(), CrmWorld::add(userid, external, channel().state));
    }
};

TEST_F(ChannelServing, the_add_that_fills_a_cap_asks_for_a_swap_once) {
    limit({{{"ann", 2, {}}}, {}});
    tell({"ann", "bob"});
    scan("ann", "wm1");
    scan("bob", "wm2");
    EXPECT_EQ(serve_jobs(), 0U);
    EXPECT_EQ(plan().users, (Names{"ann", "bob"}));
    scan("ann", "wm3");
    EXPECT_EQ(serve_jobs(), 1U);
    EXPECT_EQ(plan().users, Names{"bob"});
    scan("ann", "wm4");
    EXPECT_EQ(serve_jobs(), 1U) << "a waiting one is not doubled";
    w.clock().set(w.clock().now() + day);
    EXPECT_EQ(plan().users, (Names{"ann", "bob"})) << "another day";
}

TEST_F(ChannelServing, only_adds_through_this_channel_count_also_the_lost) {
    limit({{{"ann", 2, {}}}, {}});
    tell({"ann", "bob"});
    w.take(w.clock().now(), CrmWorld::add("ann", "wm1"));
    w.take(w.clock().now() - day, CrmWorld::add("ann", "wm2", channel().state));
    scan("ann", "wm3");
    EXPECT_EQ(plan().users, (Names{"ann", "bob"}));
    scan("ann", "wm4");
    w.take(w.clock().now() + 1, FriendLost{"ann", "wm4", LostBy::contact_deleted});
    EXPECT_EQ(plan().users, Names{"bob"});
}

TEST_F(ChannelServing, a_swap_is_in_the_history_with_its_reason_and_in_the_audit) {
    limit({{{"ann", 1, {}}, {"bob", 1, {}}}, {"cid"}});
    tell({"ann", "bob"});
    EXPECT_TRUE(swaps(w.daemon()).empty()) << "the first list is no swap";
    scan("ann", "wm1");
    scan("bob", "wm2");
    tell(plan().users);
    const auto list = swaps(w.daemon());
    ASSERT_EQ(list.size(), 3U);
    EXPECT_EQ(list[0].userid + " " + list[0].why, "cid backup");
    EXPECT_TRUE(list[0].came_in);
    EXPECT_EQ(list[1].userid + " " + list[1].why, "bob full");
    EXPECT_EQ(list[2].userid + " " + list[2].why, "ann full");
    EXPECT_FALSE(list[2].came_in);
    EXPECT_TRUE(swaps(Viewer::daemon(CorpId{99})).empty());
    w.clock().set(w.clock().now() + day);
    tell(plan().users);
    ASSERT_EQ(swaps(w.daemon()).size(), 6U);
    EXPECT_EQ(swaps(w.daemon())[0].why, "back");
    EXPECT_EQ(swaps(w.daemon())[2].why, "stands_by");
    AuditFilter filter;
    filter.action = "channel.serve";
    const auto audit =
        w.read([&](Snapshot& s) { return list_audit(s, w.daemon(), filter, {}).items; });
    ASSERT_EQ(audit.size(), 2U);
    EXPECT_NE(audit[1].after.find("cid"), std::string::npos);
}

TEST_F(ChannelServing, the_history_is_bounded) {
    for (int i = 0; i < 300; ++i) {
        tell(i % 2 == 0 ? Names{"ann", "bob"} : Names{"ann"});
        tell(i % 2 == 0 ? Names{"bob"} : Names{"ann", "bob"});
    }
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM channel_swap WHERE corp_id = ?", {w.corp}), 500);
}

TEST_F(ChannelServing, is_looked_at_again_when_a_slot_begins_or_ends) {
    w.clock().set(*parse_local("2026-03-02 08:55:00", "Asia/Shanghai"));
    limit({{{"ann", 0, {{1, 540, 1'080}}}}, {}});
    tell({"bob"});
    const auto due = [&] {
        return *w.write([&](Transaction& tx) -> Result<std::int64_t> {
            return put_due_servings(tx, w.services(), w.corp);
        });
    };
    EXPECT_EQ(due(), 0);
    w.clock().set(w.clock().now() + 5 * 60'000);
    EXPECT_TRUE(w.read([&](Snapshot& s) { return servings_due(s, w.corp, w.clock().now()); }));
    EXPECT_EQ(due(), 1);
    EXPECT_EQ(serve_jobs(), 1U);
    EXPECT_EQ(due(), 0) << "not again at once";
    w.clock().set(w.clock().now() + 60'000);
    EXPECT_EQ(due(), 1) << "but when nothing came of it";
    EXPECT_EQ(serve_jobs(), 1U);
}

TEST_F(ChannelServing, a_refused_member_waits_for_a_day_or_an_edit) {
    tell({"bob"}, {{"ann", "41054", w.clock().now() + refused_for_ms}});
    EXPECT_EQ(plan().users, Names{"bob"});
    EXPECT_EQ(plan().duty[0], Duty::refused);
    w.clock().set(w.clock().now() + refused_for_ms);
    EXPECT_EQ(plan().users, (Names{"ann", "bob"}));
    tell({"bob"}, {{"ann", "41054", w.clock().now() + refused_for_ms}});
    limit({{{"bob", 3, {}}}, {}});
    EXPECT_TRUE(channel().refused.empty());
}

TEST_F(ChannelServing, members_that_are_known_to_be_gone_do_not_serve) {
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
        MemberStore members(w.store.clock, w.ids);
        MemberFact fact;
        fact.userid = "Ann";
        fact.status = MemberStatus::not_activated;
        members.put(tx, w.corp, fact);
        return {};
    }));
    EXPECT_EQ(plan().users, Names{"bob"});
    EXPECT_EQ(plan().duty[0], Duty::inactive);
}

TEST_F(ChannelServing, adds_of_others_are_hidden_from_who_may_not_see_them) {
    scan("ann", "wm1");
    scan("bob", "wm2");
    const Viewer bob{w.corp, w.member("bob"), Scope::self, "member:bob"};
    const Channel now = channel();
    const auto seen = w.read([&](Snapshot& s) {
        ServingQuestion q = serving_question(s, now, w.clock().now());
        hide_adds(s, bob, q);
        return q;
    });
    EXPECT_EQ(seen.people[0].adds_today, -1);
    EXPECT_EQ(seen.people[1].adds_today, 1);
}

}  // namespace
}  // namespace leadbridge::crm
