#include "connectors/wecom/member_sync.h"

#include <gtest/gtest.h>

#include "connectors/wecom/notify.h"
#include "crm/staff/member.h"
#include "tests/connectors/wecom_room.h"

namespace leadbridge::wecom {
namespace {

class Members : public testing::Test {
protected:
    Members() {
        room.wecom.on("department/list", [this](const FakeCall&) {
            return ok({{"department", departments}});
        });
        room.wecom.on("user/simplelist", [this](const FakeCall& call) {
            const auto id = std::string(call.query.get("department_id"));
            return ok({{"userlist", staff.contains(id) ? staff[id] : json::array{}}});
        });
        room.wecom.on("user/get", [this](const FakeCall& call) {
            const std::string id(call.query.get("userid"));
            if (gone.contains(id)) {
                return errcode(60111);
            }
            return ok({{"userid", id}, {"name", "名" + id}, {"status", 1}});
        });
        departments = {
            json::object{{"id", 1}, {"name", "公司"}, {"parentid", 0}},
            json::object{{"id", 2}, {"name", "销售"}, {"parentid", 1}}};
        staff["1"] = {user("anna", "安娜", {1, 2})};
        staff["2"] = {user("anna", "安娜", {1, 2}), user("bob", "", {2})};
    }

    static json::object user(const std::string& id, const std::string& name, std::vector<int> in) {
        json::array list;
        for (const int d : in) {
            list.emplace_back(d);
        }
        json::object out{{"userid", id}, {"department", std::move(list)}};
        if (!name.empty()) {
            out["name"] = name;
        }
        return out;
    }

    void sync() {
        room.put(crm::SyncMembers{});
        room.drain();
        EXPECT_TRUE(room.jobs_in("wecom.sync_members").empty());
    }

    crm::Member member(const std::string& userid) {
        return room
            .read<std::optional<crm::Member>>([&](Snapshot& s) {
                return crm::MemberStore::find(
                    s, room.corp, crm::MemberStore::find_userid(s, room.corp, userid)
                );
            })
            .value_or(crm::Member{});
    }

    std::vector<crm::Department> stored() {
        return room.read<std::vector<crm::Department>>([&](Snapshot& s) {
            return crm::MemberStore::departments(s, crm::Viewer::daemon(room.corp));
        });
    }

    WecomRoom room;
    json::array departments;
    std::map<std::string, json::array> staff;
    std::set<std::string> gone;
};

TEST_F(Members, and_departments_are_read) {
    sync();
    EXPECT_EQ(member("anna").name, "安娜");
    EXPECT_EQ(member("anna").departments, (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(member("bob").name, "名bob");  // by user/get: the list had none
    EXPECT_EQ(stored().size(), 2U);
}

TEST_F(Members, a_second_run_asks_only_for_what_is_unknown) {
    sync();
    room.wecom.clear_log();
    sync();
    EXPECT_EQ(room.wecom.count("user/get"), 0);
}

TEST_F(Members, who_left_is_marked_and_who_went_out_of_sight_is_not) {
    staff["2"].emplace_back(user("carl", "卡尔", {2}));
    staff["2"].emplace_back(user("dora", "朵拉", {2}));
    sync();
    staff["2"] = {user("bob", "鲍勃", {2})};
    gone = {"carl"};
    sync();
    EXPECT_EQ(member("carl").status, crm::MemberStatus::left);
    EXPECT_NE(member("dora").status, crm::MemberStatus::left);
    EXPECT_EQ(member("bob").name, "鲍勃");
}

TEST_F(Members, a_department_that_is_gone_is_removed) {
    sync();
    departments = {json::object{{"id", 1}, {"name", "集团"}, {"parentid", 0}}};
    sync();
    ASSERT_EQ(stored().size(), 1U);
    EXPECT_EQ(stored()[0].name, "集团");
}

TEST_F(Members, an_app_without_the_right_to_list_falls_back_on_ids) {
    room.edit(room.corp).contacts_secret = Secret("contacts");
    room.wecom.next("department/list", 48009);
    room.wecom.on("department/simplelist", [](const FakeCall&) {
        return ok({{"department_id", json::array{json::object{{"id", 1}, {"parentid", 0}}}}});
    });
    room.wecom.next("user/simplelist", 48009);
    room.wecom.on("user/list_id", [](const FakeCall& call) {
        const bool second = call.text("cursor") == "next";
        return ok(
            {{"dept_user",
              json::array{json::object{{"userid", second ? "bob" : "anna"}, {"department", 1}}}},
             {"next_cursor", second ? "" : "next"}}
        );
    });
    sync();
    EXPECT_EQ(member("anna").name, "名anna");
    EXPECT_EQ(member("bob").departments, (std::vector<std::int64_t>{1}));
}

TEST_F(Members, an_outage_changes_nothing) {
    sync();
    room.wecom.next("user/simplelist", Fault::refused, 4);
    room.put(crm::SyncMembers{});
    room.run_due();
    EXPECT_NE(member("anna").status, crm::MemberStatus::left);
    EXPECT_EQ(room.jobs_in("wecom.sync_members").size(), 1U);
}

// --- message/send ---

class Notify : public testing::Test {
protected:
    WecomRoom room;
};

const std::string send_name = "message/send";

TEST_F(Notify, goes_to_all_with_the_duplicate_check) {
    room.put(crm::NotifyMembers{{"anna", "bob"}, "新线索"});
    room.drain();
    const auto calls = room.wecom.calls(send_name);
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].text("touser"), "anna|bob");
    EXPECT_EQ(json_int(calls[0].body, "agentid"), 1'000'002);
    EXPECT_EQ(json_int(calls[0].body, "enable_duplicate_check"), 1);
    EXPECT_EQ(json_string(calls[0].body.at("text").as_object(), "content"), "新线索");
}

TEST_F(Notify, a_long_text_is_cut_between_characters) {
    std::string text;
    for (int i = 0; i < 1'000; ++i) {
        text += "汉";
    }
    room.put(crm::NotifyMembers{{"anna"}, text});
    room.drain();
    const auto sent =
        json_string(room.wecom.calls(send_name).at(0).body.at("text").as_object(), "content");
    EXPECT_EQ(sent.size(), 2'046U);
}

TEST_F(Notify, is_given_up_when_a_repeat_could_double_it) {
    room.wecom.next(send_name, Fault::lost_answer, 1'000);
    room.put(crm::NotifyMembers{{"anna"}, "x"});
    room.run_for(4 * 3'600'000);
    const auto jobs = room.jobs_in("wecom.notify");
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].state, JobState::dead);
    const auto tries = room.wecom.count(send_name);
    room.run_for(24 * 3'600'000LL);
    EXPECT_EQ(room.wecom.count(send_name), tries);
}

TEST_F(Notify, one_that_was_cut_off_and_then_held_is_not_sent_after_the_duplicate_check) {
    enum class Phase { cut, limited, open } phase = Phase::cut;
    int accepted = 0;
    room.wecom.on(send_name, [&](const FakeCall&) -> std::string {
        if (phase == Phase::cut) {
            throw std::runtime_error("killed after the call");
        }
        accepted += phase == Phase::open ? 1 : 0;
        return errcode(phase == Phase::open ? 0 : 45009);
    });
    room.put(crm::NotifyMembers{{"anna"}, "x"});
    room.drain();
    phase = Phase::limited;
    room.run_for(30 * 60'000);
    phase = Phase::open;
    room.run_for(4 * 3'600'000);
    EXPECT_EQ(accepted, 0);
    const auto jobs = room.jobs_in("wecom.notify");
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].state, JobState::dead);
    EXPECT_NE(jobs[0].error.find("could double"), std::string::npos) << jobs[0].error;
}

TEST_F(Notify, one_that_was_only_held_is_sent_however_late) {
    bool limited = true;
    int accepted = 0;
    room.wecom.on(send_name, [&](const FakeCall&) {
        accepted += limited ? 0 : 1;
        return errcode(limited ? 45009 : 0);
    });
    room.put(crm::NotifyMembers{{"anna"}, "x"});
    room.run_for(40 * 60'000);
    limited = false;
    room.run_for(4 * 3'600'000);
    EXPECT_EQ(accepted, 1);
    EXPECT_TRUE(room.jobs_in("wecom.notify").empty());
}

// --- by the clock ---

TEST(Periodic, work_goes_on_and_is_not_doubled) {
    WecomRoom room;
    room.wecom.on("externalcontact/get_follow_user_list", [](const FakeCall&) {
        return ok({{"follow_user", json::array{}}});
    });
    for (int i = 0; i < 3; ++i) {
        room.write([&](Transaction& tx) { enqueue_periodic(tx, room.services, room.corp); });
    }
    EXPECT_EQ(room.jobs_in(periodic_queue).size(), 3U);
    room.run_for(25 * 3'600'000LL);
    EXPECT_EQ(room.jobs_in(periodic_queue).size(), 3U);
    EXPECT_EQ(room.wecom.count("externalcontact/get_follow_user_list"), 1);  // one a night
    EXPECT_NEAR(room.wecom.count("gettoken"), 25 * 3'600 / 6'900, 3);
    EXPECT_GE(room.wecom.count("externalcontact/get_corp_tag_list"), 1);
}

}  // namespace
}  // namespace leadbridge::wecom
