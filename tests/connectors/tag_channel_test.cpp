#include <gtest/gtest.h>

#include "connectors/wecom/channel_sync.h"
#include "connectors/wecom/tag_sync.h"
#include "crm/contacts/tag.h"
#include "crm/leads/channel_serving.h"
#include "crm/outbox.h"
#include "crm/staff/member.h"
#include "tests/connectors/wecom_room.h"

namespace leadbridge::wecom {
namespace {

const std::string tag_list = "externalcontact/get_corp_tag_list";
const std::string tag_add = "externalcontact/add_corp_tag";
const std::string way_add = "externalcontact/add_contact_way";
const std::string way_get = "externalcontact/get_contact_way";
const std::string way_list = "externalcontact/list_contact_way";
const std::string way_update = "externalcontact/update_contact_way";

json::object group(const std::string& id, const std::string& name, json::array tags) {
    return {{"group_id", id}, {"group_name", name}, {"order", 0}, {"tag", std::move(tags)}};
}

json::object tag(const std::string& id, const std::string& name) {
    return {{"id", id}, {"name", name}, {"order", 4'294'967'295}};
}

class Tags : public testing::Test {
protected:
    std::map<std::string, crm::Tag> tags() {
        std::map<std::string, crm::Tag> out;
        for (auto& t : room.read<std::vector<crm::Tag>>([&](Snapshot& s) {
                 return crm::TagStore::list(s, viewer());
             })) {
            out[t.group_name + '/' + t.name] = t;
        }
        return out;
    }

    crm::TagId make(const std::string& name) {
        crm::TagId id;
        room.write([&](Transaction& tx) {
            id = *crm::TagStore(room.services.crm())
                      .create(tx, viewer(), {"意向", name, crm::TagKind::wecom, 0});
        });
        return id;
    }

    crm::Viewer viewer() const { return crm::Viewer::daemon(room.corp); }

    WecomRoom room;
};

TEST_F(Tags, come_from_wecom_and_go_with_it) {
    json::array groups{group("g1", "来源", {tag("t1", "扫码"), tag("t2", "表单")})};
    room.wecom.on(tag_list, [&](const FakeCall&) { return ok({{"tag_group", groups}}); });
    room.put(crm::SyncTags{});
    room.drain();
    ASSERT_EQ(tags().size(), 2U);
    EXPECT_EQ(tags()["来源/扫码"].wecom_id, "t1");
    EXPECT_EQ(tags()["来源/扫码"].order, 4'294'967'295);

    groups = {group("g1", "来源", {tag("t1", "扫一扫")})};
    room.put(crm::SyncTags{});
    room.drain();
    ASSERT_EQ(tags().size(), 1U);
    EXPECT_EQ(tags()["来源/扫一扫"].wecom_id, "t1");
}

TEST_F(Tags, a_local_tag_is_made_in_wecom) {
    room.wecom.on(tag_add, [](const FakeCall& call) {
        EXPECT_EQ(call.text("group_name"), "意向");
        return ok({{"tag_group", group("g9", "意向", {tag("t9", "高")})}});
    });
    make("高");
    room.drain();
    const auto made = tags()["意向/高"];
    EXPECT_EQ(made.wecom_id, "t9");
    EXPECT_EQ(made.sync, crm::TagSync::ready);
}

TEST_F(Tags, a_name_that_exists_there_is_found) {
    room.wecom.next(tag_add, 40071);
    room.wecom.on(tag_list, [](const FakeCall&) {
        return ok({{"tag_group", json::array{group("g9", "意向", {tag("t9", "高")})}}});
    });
    make("高");
    room.drain();
    EXPECT_EQ(tags()["意向/高"].wecom_id, "t9");
}

TEST_F(Tags, a_lost_answer_makes_no_second_tag) {
    std::vector<std::string> made;
    room.wecom.on(tag_add, [&](const FakeCall&) {
        made.assign({"t9"});  // WeCom collapses an equal name
        return ok({{"tag_group", group("g9", "意向", {tag("t9", "高")})}});
    });
    room.wecom.next(tag_add, Fault::lost_answer);
    make("高");
    room.drain();
    EXPECT_EQ(tags()["意向/高"].wecom_id, "t9");
}

TEST_F(Tags, a_refusal_is_shown_on_the_tag) {
    room.wecom.next(tag_add, 40126);
    make("高");
    room.drain();
    EXPECT_EQ(tags()["意向/高"].sync, crm::TagSync::failed);
    EXPECT_NE(tags()["意向/高"].error.find("3,000"), std::string::npos);
}

TEST_F(Tags, a_rename_and_a_removal_go_out) {
    room.wecom.on(tag_add, [](const FakeCall&) {
        return ok({{"tag_group", group("g9", "意向", {tag("t9", "高")})}});
    });
    const auto id = make("高");
    room.drain();
    room.write([&](Transaction& tx) {
        ASSERT_TRUE(
            crm::TagStore(room.services.crm()).rename(tx, viewer(), id, "很高", std::nullopt)
        );
    });
    room.drain();
    const auto edits = room.wecom.calls("externalcontact/edit_corp_tag");
    ASSERT_EQ(edits.size(), 1U);
    EXPECT_EQ(edits[0].text("id"), "t9");
    EXPECT_EQ(edits[0].text("name"), "很高");
    room.write([&](Transaction& tx) {
        ASSERT_TRUE(crm::TagStore(room.services.crm()).remove(tx, viewer(), id));
    });
    room.wecom.next("externalcontact/del_corp_tag", 40068);  // gone already: that is what we want
    room.drain();
    EXPECT_EQ(room.wecom.count("externalcontact/del_corp_tag"), 1);
    EXPECT_TRUE(room.jobs_in("wecom.push_tag").empty());
}

class Channels : public testing::Test {
protected:
    struct Way {
        std::string state;
        json::array users;
    };

    Channels() {
        room.write([&](Transaction& tx) {
            crm::MemberStore members(room.clock, room.ids);
            for (const auto* userid : {"anna", "bob"}) {
                crm::MemberFact fact;
                fact.userid = userid;
                fact.customer_contact = true;
                members.put(tx, room.corp, fact);
            }
        });
        room.wecom.on(way_add, [this](const FakeCall& call) {
            const auto id = "config-" + std::to_string(++made);
            ways[id] = {call.text("state"), call.body.at("user").as_array()};
            return ok({{"config_id", id}, {"qr_code", "https://qr.test/" + id}});
        });
        room.wecom.on(way_list, [this](const FakeCall&) {
            json::array list;
            for (const auto& [id, way] : ways) {
                list.emplace_back(json::object{{"config_id", id}});
            }
            return ok({{"contact_way", std::move(list)}});
        });
        room.wecom.on(way_get, [this](const FakeCall& call) {
            const auto id = call.text("config_id");
            if (!ways.contains(id)) {
                return errcode(41044);
            }
            return ok(
                {{"contact_way",
                  json::object{
                      {"config_id", id},
                      {"state", ways[id].state},
                      {"qr_code", "https://qr.test/" + id}}}}
            );
        });
        room.wecom.on("externalcontact/del_contact_way", [this](const FakeCall& call) {
            return ways.erase(call.text("config_id")) > 0 ? ok() : errcode(41044);
        });
    }

    crm::ChannelId make(
        std::vector<std::string> members = {"anna"}, crm::ChannelLimits limits = {}
    ) {
        crm::ChannelEdit edit;
        edit.name = "展会二维码";
        edit.members = std::move(members);
        edit.limits = std::move(limits);
        crm::ChannelId id;
        room.write([&](Transaction& tx) {
            id = crm::ChannelStore(room.services.crm()).create(tx, viewer(), edit)->id;
        });
        return id;
    }

    crm::Channel channel(crm::ChannelId id) {
        return *room.read<std::optional<crm::Channel>>([&](Snapshot& s) {
            return crm::ChannelStore::find(s, viewer(), id);
        });
    }

    crm::Viewer viewer() const { return crm::Viewer::daemon(room.corp); }

    WecomRoom room;
    std::map<std::string, Way> ways;
    int made = 0;
};

TEST_F(Channels, get_a_contact_way_with_their_state) {
    const auto id = make();
    room.drain();
    const auto done = channel(id);
    EXPECT_EQ(done.sync, crm::ChannelSync::ready);
    EXPECT_EQ(done.config_id, "config-1");
    EXPECT_EQ(done.qr_code, "https://qr.test/config-1");
    EXPECT_EQ(ways["config-1"].state, done.state);
}

TEST_F(Channels, a_lost_answer_makes_no_second_way) {
    room.wecom.next(way_add, Fault::lost_answer);
    ways["foreign"] = {"somebody else's", {}};
    const auto id = make();
    room.run_for(60'000);
    EXPECT_EQ(made, 1);
    EXPECT_EQ(room.wecom.count(way_add), 1);
    EXPECT_EQ(channel(id).config_id, "config-1");
    EXPECT_EQ(channel(id).qr_code, "https://qr.test/config-1");
}

TEST_F(Channels, a_lost_request_is_made_after_a_look) {
    room.wecom.next(way_add, Fault::lost_request);
    const auto id = make();
    room.run_for(60'000);
    EXPECT_EQ(room.wecom.count(way_list), 1);
    EXPECT_EQ(room.wecom.count(way_add), 2);
    EXPECT_EQ(made, 1);
    EXPECT_EQ(channel(id).sync, crm::ChannelSync::ready);
}

TEST_F(Channels, an_edit_updates_and_a_vanished_way_is_made_anew) {
    const auto id = make();
    room.drain();
    crm::ChannelEdit edit;
    edit.members = {"anna", "bob"};
    const auto change = [&] {
        room.write([&](Transaction& tx) {
            ASSERT_TRUE(
                crm::ChannelStore(room.services.crm()).update(tx, viewer(), id, edit, std::nullopt)
            );
        });
        room.drain();
    };
    change();
    const auto updates = room.wecom.calls("externalcontact/update_contact_way");
    ASSERT_EQ(updates.size(), 1U);
    EXPECT_EQ(updates[0].text("config_id"), "config-1");
    EXPECT_EQ(updates[0].body.at("user").as_array().size(), 2U);

    room.wecom.next("externalcontact/update_contact_way", 41044);
    ways.clear();
    edit.members = {"bob"};
    change();
    EXPECT_EQ(channel(id).config_id, "config-2");
}

TEST_F(Channels, a_refusal_is_shown_on_the_channel) {
    room.wecom.next(way_add, 41054);
    const auto id = make();
    room.drain();
    EXPECT_EQ(channel(id).sync, crm::ChannelSync::failed);
    EXPECT_NE(channel(id).sync_error.find("41054"), std::string::npos);
}

class Serving : public Channels {
protected:
    Serving() {
        const auto take = [this](const FakeCall& call, const std::string& id) {
            const auto& users = call.body.at("user").as_array();
            for (const auto& user : users) {
                if (bad.contains(std::string(user.as_string()))) {
                    return errcode(41054);
                }
            }
            ways[id] = {call.text("state"), users};
            return ok({{"config_id", id}, {"qr_code", "https://qr.test/" + id}});
        };
        room.wecom.on(way_add, [this, take](const FakeCall& call) {
            return take(call, "config-" + std::to_string(++made));
        });
        room.wecom.on(way_update, [take](const FakeCall& call) {
            return take(call, call.text("config_id"));
        });
    }

    std::string users() {  // as WeCom has them
        std::string out;
        for (const auto& user : ways.rbegin()->second.users) {
            out += std::string(user.as_string()) + " ";
        }
        return out;
    }

    // A friend through the channel, as intake takes him.
    void scan(crm::ChannelId id, const std::string& userid, const std::string& external) {
        const auto state = channel(id).state;
        room.write([&](Transaction& tx) {
            crm::FriendAdded added;
            added.userid = userid;
            added.external_userid = external;
            added.state = state;
            crm::Touch touch;
            touch.corp = room.corp;
            touch.at = room.clock.now();
            touch.key = external;
            touch.body = added;
            ASSERT_TRUE(crm::intake(tx, room.services.intake(), touch));
        });
        room.drain();
    }

    std::vector<crm::ChannelSwap> swaps(crm::ChannelId id) {
        return room.read<std::vector<crm::ChannelSwap>>([&](Snapshot& s) {
            return crm::list_swaps(s, viewer(), id, {}).items;
        });
    }

    std::set<std::string> bad;
};

TEST_F(Serving, a_full_member_leaves_the_code_and_the_backup_comes) {
    const auto id = make({"anna", "bob"}, {{{"anna", 1, {}}, {"bob", 1, {}}}, {"carl"}});
    room.drain();
    EXPECT_EQ(users(), "anna bob ");
    scan(id, "anna", "wm1");
    EXPECT_EQ(users(), "bob ");
    EXPECT_EQ(channel(id).served, std::vector<std::string>{"bob"});
    scan(id, "bob", "wm2");
    EXPECT_EQ(users(), "carl ");
    EXPECT_EQ(channel(id).sync, crm::ChannelSync::ready);
    ASSERT_EQ(swaps(id).size(), 3U);
    const auto calls = room.wecom.count(way_update);
    scan(id, "bob", "wm3");
    EXPECT_EQ(room.wecom.count(way_update), calls) << "nothing new to tell";
}

TEST_F(Serving, one_member_who_is_not_activated_does_not_fail_the_code) {
    bad = {"carl"};
    const auto id = make({"anna", "bob", "carl", "dora", "egon"});
    room.drain();
    EXPECT_EQ(users(), "anna bob dora egon ");
    EXPECT_EQ(made, 2) << "the first one was refused";
    EXPECT_EQ(ways.size(), 1U);
    const auto now = channel(id);
    EXPECT_EQ(now.sync, crm::ChannelSync::ready);
    ASSERT_EQ(now.refused.size(), 1U);
    EXPECT_EQ(now.refused[0].userid, "carl");
    EXPECT_NE(now.refused[0].reason.find("41054"), std::string::npos);
}

TEST_F(Serving, a_member_refused_later_is_in_the_history_with_the_reason) {
    const auto id = make({"anna", "bob"});
    room.drain();
    bad = {"anna"};
    crm::ChannelEdit edit;
    edit.name = "新名";
    room.write([&](Transaction& tx) {
        ASSERT_TRUE(crm::ChannelStore(room.services.crm()).update(tx, viewer(), id, edit, {}));
    });
    room.drain();
    EXPECT_EQ(users(), "bob ");
    ASSERT_EQ(swaps(id).size(), 1U);
    EXPECT_EQ(swaps(id)[0].userid + " " + swaps(id)[0].why, "anna refused");
}

TEST_F(Serving, backups_serve_when_wecom_refuses_all_members) {
    bad = {"anna", "bob"};
    const auto id = make({"anna", "bob"}, {{}, {"carl"}});
    room.drain();
    EXPECT_EQ(users(), "carl ");
    EXPECT_EQ(channel(id).sync, crm::ChannelSync::ready);
    EXPECT_EQ(channel(id).refused.size(), 2U);
}

TEST_F(Serving, a_code_nobody_can_serve_is_shown_as_failed) {
    bad = {"anna", "bob", "carl"};
    const auto id = make({"anna", "bob"}, {{}, {"carl"}});
    room.drain();
    EXPECT_EQ(channel(id).sync, crm::ChannelSync::failed);
    EXPECT_NE(channel(id).sync_error.find("41054"), std::string::npos);
    EXPECT_LT(room.wecom.count(way_add), 20);
}

TEST_F(Serving, a_lost_answer_is_followed_by_the_whole_list) {
    room.wecom.next(way_add, Fault::lost_answer);
    const auto id = make({"anna", "bob"});
    room.run_for(60'000);
    EXPECT_EQ(made, 1);
    EXPECT_EQ(room.wecom.count(way_update), 1);
    EXPECT_EQ(users(), "anna bob ");
    EXPECT_EQ(channel(id).served, (std::vector<std::string>{"anna", "bob"}));
}

TEST_F(Channels, a_removal_takes_the_way_away) {
    const auto id = make();
    room.drain();
    room.write([&](Transaction& tx) {
        ASSERT_TRUE(crm::ChannelStore(room.services.crm()).remove(tx, viewer(), id));
    });
    room.drain();
    EXPECT_TRUE(ways.empty());
}

TEST_F(Channels, a_removal_before_the_answer_was_known_finds_the_orphan) {
    room.wecom.next(way_add, Fault::lost_answer);
    const auto id = make();
    room.drain();
    ASSERT_EQ(ways.size(), 1U);
    room.write([&](Transaction& tx) {
        ASSERT_TRUE(crm::ChannelStore(room.services.crm()).remove(tx, viewer(), id));
    });
    room.run_for(60'000);
    EXPECT_TRUE(ways.empty());
}

}  // namespace
}  // namespace leadbridge::wecom
