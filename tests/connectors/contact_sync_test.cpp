#include "connectors/wecom/contact_sync.h"

#include <gtest/gtest.h>

#include "crm/contacts/group_chat.h"
#include "crm/outbox.h"
#include "crm/staff/member.h"
#include "tests/connectors/wecom_room.h"

namespace leadbridge::wecom {
namespace {

const std::string list_name = "externalcontact/get_follow_user_list";
const std::string batch_name = "externalcontact/batch/get_by_user";
const std::string get_name = "externalcontact/get";

json::object entry(const std::string& external_userid, const std::string& userid) {
    return {
        {"external_contact",
         json::object{
             {"external_userid", external_userid},
             {"name", "客户" + external_userid},
             {"type", 1}}},
        {"follow_info",
         json::object{
             {"userid", userid},
             {"remark", "备注"},
             {"createtime", 1'750'000'000},
             {"tag_id", json::array{}},
             {"add_way", 1}}}};
}

// A company whose members follow contacts; pages of two.
class ContactSync : public testing::Test {
protected:
    ContactSync() {
        room.wecom.on(list_name, [this](const FakeCall&) {
            json::array users;
            for (const auto& [userid, contacts] : follows) {
                users.emplace_back(userid);
            }
            return ok({{"follow_user", std::move(users)}});
        });
        room.wecom.on(batch_name, [this](const FakeCall& call) { return page(call); });
    }

    std::string page(const FakeCall& call) const {
        std::vector<std::pair<std::string, std::string>> all;
        for (const auto& item : call.body.at("userid_list").as_array()) {
            const std::string userid(item.as_string());
            if (spoiling == userid) {
                return errcode(60111);
            }
            for (const auto& external_userid : follows.at(userid)) {
                all.emplace_back(external_userid, userid);
            }
        }
        const auto from = call.text("cursor").empty() ? 0 : std::stoul(call.text("cursor"));
        json::array out;
        for (std::size_t i = from; i < std::min(all.size(), from + page_size); ++i) {
            out.emplace_back(entry(all[i].first, all[i].second));
        }
        json::object reply{{"external_contact_list", std::move(out)}};
        reply["next_cursor"] =
            from + page_size < all.size() ? std::to_string(from + page_size) : std::string{};
        if (!unlicensed.empty()) {
            reply["fail_info"] =
                json::object{{"unlicensed_userid_list", json::array{json::string(unlicensed)}}};
        }
        return ok(std::move(reply));
    }

    std::int64_t start(SyncKind kind) {
        std::int64_t id = 0;
        room.write([&](Transaction& tx) {
            id = start_contact_sync(tx, room.services, room.corp, kind);
        });
        return id;
    }

    SyncRun run(std::int64_t id) {
        return *room.read<std::optional<SyncRun>>([&](Snapshot& s) {
            return find_sync_run(s, room.corp, id);
        });
    }

    // "member:contact" of every live friendship.
    std::set<std::string> friends() {
        return room.read<std::set<std::string>>([&](Snapshot& s) {
            std::set<std::string> out;
            s.each(
                "SELECT m.userid, f.external_userid FROM follow f JOIN member m ON "
                "m.corp_id=f.corp_id "
                "AND m.id=f.member_id WHERE f.corp_id=? AND f.live=1",
                {room.corp},
                [&](const Row& row) {
                    out.insert(row.str(0) + ':' + row.str(1));
                    return Visit::next;
                }
            );
            return out;
        });
    }

    std::set<std::string> expected() const {
        std::set<std::string> out;
        for (const auto& [userid, contacts] : follows) {
            for (const auto& external_userid : contacts) {
                out.insert(userid + ':' + external_userid);
            }
        }
        return out;
    }

    WecomRoom room;
    std::size_t page_size = 2;
    std::string spoiling;
    std::string unlicensed;
    std::map<std::string, std::vector<std::string>> follows{
        {"anna", {"wm1", "wm2", "wm3"}}, {"bob", {"wm3", "wm4"}}, {"carl", {}}};
};

TEST_F(ContactSync, reads_every_friendship_once) {
    const auto id = start(SyncKind::full);
    room.drain();
    EXPECT_EQ(friends(), expected());
    const auto done = run(id);
    EXPECT_EQ(done.stage, SyncStage::done);
    EXPECT_EQ(done.contacts, 5);
    EXPECT_EQ(done.members_done, 3);
    EXPECT_EQ(done.members_total, 3);
    EXPECT_GT(done.finished_ms, 0);
    EXPECT_EQ(room.wecom.count(batch_name), 3);
    const auto member = room.read<std::optional<crm::Member>>([&](Snapshot& s) {
        return crm::MemberStore::find(
            s, room.corp, crm::MemberStore::find_userid(s, room.corp, "ANNA")
        );
    });
    ASSERT_TRUE(member);
    EXPECT_TRUE(member->customer_contact);
}

TEST_F(ContactSync, a_crash_at_any_page_goes_on_there) {
    for (int crash_at = 1; crash_at <= 3; ++crash_at) {
        SCOPED_TRACE(crash_at);
        const auto id = start(SyncKind::full);
        int served = 0;
        room.wecom.on(batch_name, [&](const FakeCall& call) {
            if (++served == crash_at) {
                throw std::runtime_error("killed");
            }
            return page(call);
        });
        room.wecom.clear_log();
        room.run_due();
        EXPECT_NE(run(id).stage, SyncStage::done);
        room.run_for(600'000);
        EXPECT_EQ(run(id).stage, SyncStage::done);
        EXPECT_EQ(run(id).contacts, 5);
        EXPECT_EQ(friends(), expected());
        EXPECT_EQ(served, 4);  // the page of the crash is read again, no other
    }
}

TEST_F(ContactSync, a_page_of_a_hundred_is_applied_in_slices_and_counted_once) {
    page_size = 100;
    follows = {{"anna", {}}};
    for (int i = 0; i < 230; ++i) {
        follows["anna"].push_back("wm" + std::to_string(i));
    }
    const auto id = start(SyncKind::full);
    room.drain();
    EXPECT_EQ(friends().size(), 230U);
    EXPECT_EQ(run(id).contacts, 230);
    EXPECT_EQ(room.wecom.count(batch_name), 3);
}

TEST_F(ContactSync, what_wecom_no_longer_names_has_ended) {
    start(SyncKind::full);
    room.drain();
    room.clock.advance(86'400'000);
    follows["anna"] = {"wm2"};
    start(SyncKind::full);
    room.drain();
    EXPECT_EQ(friends(), expected());
}

TEST_F(ContactSync, a_friendship_of_a_member_who_was_not_read_stays) {
    start(SyncKind::full);
    room.drain();
    room.clock.advance(86'400'000);
    follows["anna"] = {};
    unlicensed = "anna";
    const auto id = start(SyncKind::full);
    room.drain();
    EXPECT_EQ(run(id).unlicensed, 1);
    EXPECT_TRUE(friends().contains("anna:wm1"));
}

TEST_F(ContactSync, a_half_friendship_is_not_swept) {
    crm::Touch touch;
    touch.corp = room.corp;
    touch.at = room.clock.now();
    touch.key = "half";
    crm::FriendAdded half;
    half.userid = "bob";
    half.external_userid = "wmhalf";
    half.half = true;
    touch.body = half;
    room.write([&](Transaction& tx) { ASSERT_TRUE(crm::intake(tx, room.services.intake(), touch)); }
    );
    room.wecom.on(get_name, [](const FakeCall&) { return errcode(84061); });
    room.clock.advance(86'400'000);
    start(SyncKind::full);
    room.drain();
    EXPECT_TRUE(friends().contains("bob:wmhalf"));
}

TEST_F(ContactSync, one_bad_member_does_not_spoil_the_rest) {
    spoiling = "bob";
    const auto id = start(SyncKind::full);
    room.drain();
    EXPECT_EQ(run(id).stage, SyncStage::done);
    EXPECT_EQ(friends(), (std::set<std::string>{"anna:wm1", "anna:wm2", "anna:wm3"}));
}

TEST_F(ContactSync, a_dead_cursor_starts_the_list_again) {
    const auto id = start(SyncKind::full);
    int calls = 0;
    room.wecom.on(batch_name, [&](const FakeCall& call) {
        return ++calls == 2 ? errcode(50100) : page(call);
    });
    room.drain();
    EXPECT_EQ(run(id).stage, SyncStage::done);
    EXPECT_EQ(friends(), expected());
    EXPECT_EQ(calls, 5);
}

TEST_F(ContactSync, an_incremental_run_takes_new_members_only) {
    start(SyncKind::full);
    room.drain();
    room.wecom.clear_log();
    follows["dora"] = {"wm9"};
    const auto id = start(SyncKind::incremental);
    room.drain();
    EXPECT_EQ(run(id).members_total, 1);
    EXPECT_EQ(friends(), expected());
    const auto calls = room.wecom.calls(batch_name);
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].body.at("userid_list").as_array().size(), 1U);
}

TEST_F(ContactSync, a_member_who_left_customer_contact_is_marked) {
    start(SyncKind::full);
    room.drain();
    follows.erase("carl");
    start(SyncKind::full);
    room.drain();
    const auto member = room.read<std::optional<crm::Member>>([&](Snapshot& s) {
        return crm::MemberStore::find(
            s, room.corp, crm::MemberStore::find_userid(s, room.corp, "carl")
        );
    });
    ASSERT_TRUE(member);
    EXPECT_FALSE(member->customer_contact);
}

TEST_F(ContactSync, a_second_start_joins_the_run) {
    EXPECT_EQ(start(SyncKind::full), start(SyncKind::full));
    room.drain();
    EXPECT_EQ(room.wecom.count(list_name), 1);
}

TEST_F(ContactSync, an_outage_pauses_the_run_and_shows_its_cause) {
    const auto id = start(SyncKind::full);
    room.wecom.next(batch_name, 60020);
    room.drain();
    EXPECT_EQ(run(id).stage, SyncStage::contacts);
    EXPECT_NE(run(id).error.find("60020"), std::string::npos);
    room.run_for(120'000);
    EXPECT_EQ(run(id).stage, SyncStage::done);
    EXPECT_EQ(run(id).error, "");
}

// --- one contact ---

TEST_F(ContactSync, a_refetch_joins_the_pages_of_followers) {
    room.wecom.on(get_name, [](const FakeCall& call) {
        const bool second = call.query.get("cursor") == "more";
        const json::object follow{
            {"userid", second ? "bob" : "anna"}, {"createtime", 1'750'000'000}, {"add_way", 1}};
        json::object reply{
            {"external_contact",
             json::object{{"external_userid", "wm7"}, {"name", "七"}, {"type", 1}}},
            {"follow_user", json::array{follow}}};
        if (!second) {
            reply["next_cursor"] = "more";
        }
        return ok(std::move(reply));
    });
    room.put(crm::RefetchContact{"wm7", false});
    room.drain();
    EXPECT_EQ(friends(), (std::set<std::string>{"anna:wm7", "bob:wm7"}));
    EXPECT_EQ(room.wecom.count(get_name), 2);
}

TEST_F(ContactSync, right_after_an_add_84061_is_asked_again) {
    room.wecom.on(get_name, [](const FakeCall&) {
        return ok(
            {{"external_contact", json::object{{"external_userid", "wm7"}, {"name", "七"}}},
             {"follow_user",
              json::array{json::object{{"userid", "anna"}, {"createtime", 1'750'000'000}}}}}
        );
    });
    room.wecom.next(get_name, 84061, 3);
    room.put(crm::RefetchContact{"wm7", true});
    room.run_for(20'000);
    EXPECT_EQ(room.wecom.count(get_name), 4);
    EXPECT_TRUE(friends().contains("anna:wm7"));
}

TEST_F(ContactSync, a_half_add_that_stays_unreadable_ends_nothing) {
    room.befriend("anna", "wm7");
    room.wecom.on(get_name, [](const FakeCall&) { return errcode(84061); });
    room.drain();
    room.wecom.clear_log();
    room.put(crm::RefetchContact{"wm7", true});
    room.run_for(120'000);
    EXPECT_TRUE(friends().contains("anna:wm7"));
    EXPECT_TRUE(room.jobs_in("wecom.refetch_contact").empty());
}

TEST_F(ContactSync, a_relation_that_ended_is_ended_here) {
    room.wecom.on(get_name, [](const FakeCall&) {
        return ok(
            {{"external_contact", json::object{{"external_userid", "wm7"}}},
             {"follow_user",
              json::array{json::object{{"userid", "anna"}, {"createtime", 1'750'000'000}}}}}
        );
    });
    room.befriend("anna", "wm7");
    room.run_for(120'000);
    ASSERT_TRUE(friends().contains("anna:wm7"));
    room.clock.advance(3'600'000);
    room.wecom.on(get_name, [](const FakeCall&) { return errcode(84061); });
    room.put(crm::RefetchContact{"wm7", false});
    room.drain();
    EXPECT_TRUE(friends().empty());
}

TEST_F(ContactSync, a_group_is_fetched_whole) {
    room.wecom.on("externalcontact/groupchat/get", [](const FakeCall& call) {
        EXPECT_EQ(call.text("chat_id"), "wr1");
        return ok(
            {{"group_chat",
              json::object{
                  {"chat_id", "wr1"},
                  {"name", "群"},
                  {"owner", "anna"},
                  {"member_list",
                   json::array{
                       json::object{{"userid", "anna"}, {"type", 1}},
                       json::object{{"userid", "wm1"}, {"type", 2}, {"state", "st"}}}}}}}
        );
    });
    room.put(crm::RefetchGroup{"wr1"});
    room.drain();
    const auto chats = room.read<crm::PageOf<crm::GroupChat>>([&](Snapshot& s) {
        return crm::list_group_chats(s, crm::Viewer::daemon(room.corp), {});
    });
    ASSERT_EQ(chats.items.size(), 1U);
    EXPECT_EQ(chats.items[0].name, "群");
    EXPECT_EQ(chats.items[0].owner_userid, "anna");
}

// --- tags and remarks of one friendship ---

TEST_F(ContactSync, mark_tag_names_both_lists) {
    room.put(crm::MarkTag{"anna", "wm1", {"et1"}, {"et2", "et3"}});
    room.drain();
    const auto calls = room.wecom.calls("externalcontact/mark_tag");
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].text("userid"), "anna");
    EXPECT_EQ(to_text(calls[0].body.at("add_tag")), R"(["et1"])");
    EXPECT_EQ(to_text(calls[0].body.at("remove_tag")), R"(["et2","et3"])");
}

// From its third try an older job no longer keeps the newer ones waiting, and comes after them.
TEST_F(ContactSync, a_late_retry_leaves_alone_what_newer_jobs_decided) {
    bool down = true;
    std::set<std::string> marked;
    std::string remark;
    room.wecom.on("externalcontact/mark_tag", [&](const FakeCall& call) {
        if (down) {
            throw std::runtime_error("down");
        }
        for (const auto& tag : call.body.at("add_tag").as_array()) {
            marked.insert(tag.as_string().c_str());
        }
        for (const auto& tag : call.body.at("remove_tag").as_array()) {
            marked.erase(tag.as_string().c_str());
        }
        return errcode(0);
    });
    room.wecom.on("externalcontact/remark", [&](const FakeCall& call) {
        if (down) {
            throw std::runtime_error("down");
        }
        if (call.text("userid") == "anna") {
            remark = call.text("remark");
        }
        return errcode(0);
    });
    room.put(crm::MarkTag{"anna", "wm1", {"et1", "et2"}, {"et3"}});
    room.put(crm::Remark{"anna", "wm1", "old", ""});
    room.run_for(10'000);
    EXPECT_EQ(room.wecom.count("externalcontact/mark_tag"), 2);
    down = false;
    room.put(crm::MarkTag{"anna", "wm1", {"et3"}, {"et1"}});
    room.put(crm::MarkTag{"bob", "wm1", {}, {"et2"}});
    room.put(crm::Remark{"anna", "wm1", "new", ""});
    room.put(crm::Remark{"bob", "wm1", "of another friendship", ""});
    room.drain();
    EXPECT_EQ(marked, (std::set<std::string>{"et3"})) << "the older one is not waited for";
    room.run_for(3'600'000);
    EXPECT_EQ(marked, (std::set<std::string>{"et2", "et3"}));
    EXPECT_EQ(remark, "new");
    EXPECT_TRUE(room.jobs_in("wecom.mark_tag").empty());
    EXPECT_TRUE(room.jobs_in("wecom.remark").empty());
}

TEST_F(ContactSync, an_unknown_tag_starts_a_tag_sync) {
    room.wecom.next("externalcontact/mark_tag", 40068);
    room.put(crm::MarkTag{"anna", "wm1", {"gone"}, {}});
    room.drain();
    EXPECT_EQ(room.wecom.count("externalcontact/get_corp_tag_list"), 1);
    EXPECT_EQ(room.jobs_in("wecom.mark_tag").size(), 1U);
}

TEST_F(ContactSync, a_tag_for_a_lost_friend_is_a_dead_job) {
    room.wecom.next("externalcontact/mark_tag", 84061);
    room.put(crm::MarkTag{"anna", "wm1", {"et1"}, {}});
    room.drain();
    const auto jobs = room.jobs_in("wecom.mark_tag");
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].state, JobState::dead);
}

}  // namespace
}  // namespace leadbridge::wecom
