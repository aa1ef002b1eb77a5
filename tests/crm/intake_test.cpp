#include "crm/intake.h"

#include <gtest/gtest.h>

#include <thread>

#include "crm/contacts/chat_summary.h"
#include "crm/contacts/group_chat.h"
#include "crm/nurture/opt_out.h"
#include "tests/crm/intake_fixture.h"

namespace leadbridge::crm {
namespace {

TEST_F(IntakeTest, one_friend_add_does_everything_in_one_transaction) {
    const TagId hall = w.tag("展厅");
    const TagId vip = w.tag("重点", TagKind::wecom, "et1");
    const Channel channel = w.channel("展厅码", {"Ann"}, {hall, vip});
    const auto out = w.take(t0, CrmWorld::add("Ann", "wm1", channel.state));
    EXPECT_TRUE(out.contact);
    EXPECT_TRUE(out.lead_opened);
    EXPECT_EQ(out.channel, channel.id);
    const Contact contact = w.contact(out.contact);
    EXPECT_EQ(w.userid(contact.owner), "Ann");
    EXPECT_EQ(contact.stage, "new");
    EXPECT_EQ(contact.last_ms, t0);
    EXPECT_EQ(w.tag_names(out.contact), (std::vector<std::string>{"展厅", "重点"}));
    EXPECT_EQ(w.kinds(out.contact).size(), 3U);

    const auto marks = w.waiting<MarkTag>();
    ASSERT_EQ(marks.size(), 1U);
    EXPECT_EQ(marks[0].userid, "Ann") << "WeCom wants the userid as it came";
    EXPECT_EQ(marks[0].external_userid, "wm1");
    EXPECT_EQ(marks[0].add_tags, std::vector<std::string>{"et1"})
        << "the internal tag stays in the house";
    const auto fetches = w.waiting<RefetchContact>();
    ASSERT_EQ(fetches.size(), 1U);
    EXPECT_TRUE(fetches[0].just_added);
}

TEST_F(IntakeTest, the_same_key_changes_nothing_and_answers_the_same) {
    const Touch touch = w.touch(t0, CrmWorld::add("ann", "wm1"));
    const auto first = w.take(touch);
    const std::int64_t events = w.number("SELECT COUNT(*) FROM timeline");
    const std::int64_t changes = w.number("SELECT COUNT(*) FROM change_log");
    const auto again = w.take(touch);
    EXPECT_TRUE(again.repeated);
    EXPECT_FALSE(again.lead_opened);
    EXPECT_EQ(again.contact, first.contact);
    EXPECT_EQ(again.lead, first.lead);
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM timeline"), events);
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM change_log"), changes);
    EXPECT_EQ(w.waiting<RefetchContact>().size(), 1U);
}

TEST_F(IntakeTest, the_same_key_in_another_corp_is_another_touch) {
    Touch touch = w.touch(t0, CrmWorld::add("ann", "wm1"), "one");
    const auto here = w.take(touch);
    touch.corp = CorpId{12};
    const auto there = w.take(touch);
    EXPECT_FALSE(there.repeated);
    EXPECT_NE(here.contact, there.contact);
}

TEST_F(IntakeTest, refuses_what_names_nobody_and_leaves_no_trace) {
    Touch touch = w.touch(t0, CrmWorld::add("", "wm1"));
    EXPECT_EQ(w.try_take(touch).error().code, ErrorCode::invalid);
    touch.body = CrmWorld::add("ann", "  ");
    EXPECT_EQ(w.try_take(touch).error().code, ErrorCode::invalid);
    touch.body = CrmWorld::add("ann", std::string(300, 'x'));
    EXPECT_EQ(w.try_take(touch).error().code, ErrorCode::invalid);
    touch.body = CrmWorld::add("ann", "wm1");
    touch.key.clear();
    EXPECT_EQ(w.try_take(touch).error().code, ErrorCode::invalid);
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM contact"), 0);
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM applied_touch"), 0);
}

TEST_F(IntakeTest, a_foreign_or_forged_state_never_finds_a_channel) {
    const Channel channel = w.channel("码", {"ann"});
    std::string forged = channel.state;
    forged[3] = forged[3] == 'a' ? 'b' : 'a';
    const std::vector<std::string> states = {
        forged, channel.state + "x", "ch_42", "wb:1:4285486", "167", std::string(400, 'b')};
    int n = 0;
    for (const std::string& state : states) {
        const auto out = w.take(t0, CrmWorld::add("ann", "wm" + std::to_string(++n), state));
        EXPECT_FALSE(out.channel) << state;
        EXPECT_EQ(w.leads().front().first_source.kind, "unattributed");
        EXPECT_EQ(w.leads().front().first_source.raw, state);
    }
    Touch elsewhere = w.touch(t0, CrmWorld::add("ann", "wm1", channel.state));
    elsewhere.corp = CorpId{12};
    EXPECT_FALSE(w.take(elsewhere).channel) << "a state of another corp is foreign";
}

TEST_F(IntakeTest, an_acquisition_link_is_a_source_of_its_own) {
    FriendAdded add = CrmWorld::add("ann", "wm1", "spring-campaign");
    add.link_id = "cawc1";
    w.take(t0, add);
    EXPECT_EQ(w.leads().front().first_source.kind, "link");
    EXPECT_EQ(w.leads().front().first_source.raw, "spring-campaign");
}

TEST_F(IntakeTest, lost_and_deleted_are_told_apart_on_the_timeline) {
    w.take(t0, CrmWorld::add("ann", "wm1"));
    w.take(t0 + 100 * second, FriendLost{"ann", "wm1", LostBy::contact_deleted});
    w.take(t0 + 200 * second, CrmWorld::add("ann", "wm1"));
    w.take(t0 + 300 * second, FriendLost{"ann", "wm1", LostBy::member_deleted});
    const auto kinds = w.kinds(w.friend_id("wm1"));
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "friend_lost"), 1);
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "friend_deleted"), 1);
    const Follow follow = w.follows(w.friend_id("wm1")).at(0);
    EXPECT_FALSE(follow.live);
    EXPECT_EQ(follow.ended_by, EndedBy::member_deleted);
    EXPECT_EQ(w.contact(w.friend_id("wm1")).owner, w.member("ann"))
        << "the open lead keeps its owner";
}

TEST_F(IntakeTest, a_delete_older_than_the_friendship_is_history_only) {
    w.take(t0 + 100 * second, CrmWorld::add("ann", "wm1"));
    w.take(t0, FriendLost{"ann", "wm1", LostBy::contact_deleted});
    EXPECT_TRUE(w.follows(w.friend_id("wm1")).at(0).live);
}

TEST_F(IntakeTest, a_form_overwrites_nothing_and_keeps_its_answers) {
    w.take(t0, CrmWorld::add("ann", "wm1"));
    w.take(t0 + second, fetched("wm1", {follow("ann", t0)}));
    FormSubmitted form;
    form.source_id = 5;
    form.form_name = "试用申请";
    form.name = "假名";
    form.company = "示例科技";
    form.identities = {
        {IdentityKind::external_userid, "wm1"},
        {IdentityKind::phone, "13800138000"},
        {IdentityKind::email, "bad"}};
    form.answers = {{"预算", "10 万 \"以内\""}};
    const auto out = w.take(t0 + 10 * second, form);
    EXPECT_EQ(out.contact, w.friend_id("wm1"));
    EXPECT_EQ(w.contact(out.contact).name, "小王");
    EXPECT_EQ(w.contact(out.contact).company, "示例科技");
    EXPECT_EQ(w.contact_id(IdentityKind::phone, "8613800138000"), out.contact);
    const auto events =
        w.read([&](Snapshot& s) { return timeline_of(s, w.daemon(), out.contact, {}, 50).items; });
    const auto it = std::find_if(events.begin(), events.end(), [](const TimelineEvent& e) {
        return e.kind == "form_submitted";
    });
    ASSERT_NE(it, events.end());
    EXPECT_NE(it->detail.find("10 万"), std::string::npos);
    EXPECT_EQ(it->lead, out.lead);
}

TEST_F(IntakeTest, a_typed_phone_never_joins_two_friends_nor_steals_an_identity) {
    FormSubmitted first;
    first.identities = {{IdentityKind::phone, "13800138000"}};
    const auto a = w.take(t0, first);
    w.take(t0 + second, CrmWorld::add("ann", "wm1"));
    FormSubmitted both;
    both.identities = {
        {IdentityKind::external_userid, "wm1"}, {IdentityKind::phone, "13800138000"}};
    const auto b = w.take(t0 + 2 * second, both);
    EXPECT_EQ(b.contact, w.friend_id("wm1"));
    EXPECT_NE(b.contact, a.contact);
    EXPECT_EQ(w.contact_id(IdentityKind::phone, "8613800138000"), a.contact);
}

TEST_F(IntakeTest, a_form_without_any_identity_is_a_contact_of_its_own) {
    FormSubmitted form;
    form.name = "无名";
    const auto a = w.take(t0, form);
    const auto b = w.take(t0 + second, form);
    EXPECT_NE(a.contact, b.contact);
    EXPECT_TRUE(a.lead_opened && b.lead_opened);
}

TEST_F(IntakeTest, a_merge_carries_everything_and_old_ids_still_answer) {
    FormSubmitted form;
    form.identities = {{IdentityKind::unionid, "oU1"}};
    form.name = "王先生";
    const ContactId older = w.take(t0, form).contact;
    w.take(t0 + 10 * second, CrmWorld::add("ann", "wm1"));
    const ContactId younger = w.friend_id("wm1");
    w.take(
        t0 + 11 * second,
        MessagesSeen{"c1", "ann", "wm1", "", 2, 1, t0, t0 + 11 * second, "m1", false, {}}
    );
    ASSERT_TRUE(w.write([&](Transaction& tx) {
        return set_opt_out(tx, w.services(), w.daemon(), younger, OptOut::opted_out);
    }));
    ASSERT_TRUE(w.write([&](Transaction& tx) {
        return add_note(tx, w.services(), w.daemon(), younger, "备注");
    }));
    ContactFetched body = fetched("wm1", {follow("ann", t0 + 10 * second)});
    body.unionid = "oU1";
    EXPECT_EQ(w.take(t0 + 20 * second, body).contact, older);

    EXPECT_EQ(w.friend_id("wm1"), older);
    EXPECT_EQ(w.contact(younger).id, older) << "the old id resolves";
    EXPECT_EQ(w.contact(older).name, "王先生");
    EXPECT_EQ(w.follows(older).size(), 1U);
    EXPECT_EQ(w.read([&](Snapshot& s) { return chats_of(s, w.daemon(), older).size(); }), 1U);
    EXPECT_EQ(w.read([&](Snapshot& s) { return opt_out_of(s, w.corp, older); }), OptOut::opted_out);
    const auto kinds = w.kinds(older);
    for (const char* kind : {"form_submitted", "friend_added", "messages_seen", "note", "merged"}) {
        EXPECT_NE(std::find(kinds.begin(), kinds.end(), kind), kinds.end()) << kind;
    }
    EXPECT_EQ(w.read([&](Snapshot& s) { return count_contacts(s, w.daemon(), {}); }), 1);
}

TEST_F(IntakeTest, chats_are_counted_once_and_shown_once_a_day) {
    w.take(t0, CrmWorld::add("ann", "wm1"));
    const ContactId id = w.friend_id("wm1");
    const auto page = [&](UnixMillis at, int contact, int member) {
        return MessagesSeen{
            "c1",
            "ann",
            "wm1",
            "",
            contact,
            member,
            at,
            at,
            "m" + std::to_string(at),
            contact > 0,
            {"asked"}};
    };
    const UnixMillis noon = t0 / day * day + day / 2;
    const Touch later = w.touch(noon + 20 * second, page(noon + 20 * second, 1, 0));
    w.take(later);
    w.take(later);
    w.take(noon + 10 * second, page(noon + 10 * second, 2, 3));
    w.take(noon + day, page(noon + day, 1, 0));
    const auto chats = w.read([&](Snapshot& s) { return chats_of(s, w.daemon(), id); });
    ASSERT_EQ(chats.size(), 1U);
    EXPECT_EQ(chats[0].from_contact, 4);
    EXPECT_EQ(chats[0].from_member, 3);
    EXPECT_EQ(chats[0].first_ms, noon + 10 * second);
    EXPECT_EQ(chats[0].last_ms, noon + day);
    EXPECT_EQ(chats[0].last_member_ms, noon + 10 * second);
    EXPECT_TRUE(chats[0].last_from_contact);
    const auto kinds = w.kinds(id);
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "messages_seen"), 2);
    EXPECT_EQ(w.contact(id).last_ms, noon + day);
}

TEST_F(IntakeTest, groups_members_departments_and_tags_from_events) {
    w.take(t0, CrmWorld::add("ann", "wm1"));
    w.take(t0 + second, GroupChanged{"wr1", "add_member", {"wm1", "wm-unknown", "ann"}});
    EXPECT_EQ(w.waiting<RefetchGroup>().size(), 1U);
    w.take(t0 + 2 * second, GroupChanged{"wr1", "change_name", {}});
    EXPECT_EQ(w.waiting<RefetchGroup>().size(), 1U) << "a burst is one refetch";
    const auto kinds = w.kinds(w.friend_id("wm1"));
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "group_joined"), 1);
    w.take(t0 + 3 * second, GroupChanged{"wr1", "dismiss", {}});
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM group_chat WHERE dismissed_ms > 0"), 1);

    MemberChanged member;
    member.userid = "Bob";
    member.name = "鲍勃";
    member.departments = "1,x,2";
    member.status = 1;
    w.take(t0, member);
    const auto bob = w.read([&](Snapshot& s) {
        return MemberStore::find(s, w.corp, MemberStore::find_userid(s, w.corp, "bob"));
    });
    EXPECT_EQ(bob->name, "鲍勃");
    EXPECT_EQ(bob->departments, (std::vector<std::int64_t>{1, 2}));
    w.take(t0, DepartmentChanged{3, "华东", 1, false});
    w.take(t0, DepartmentChanged{3, "", 0, true});
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM department"), 0);

    const TagId vip = w.tag("重点", TagKind::wecom, "et1");
    w.take(t0, TagChanged{TagChange::created, "et2", false});
    EXPECT_EQ(w.waiting<SyncTags>().size(), 1U);
    w.take(t0, TagChanged{TagChange::deleted, "et1", false});
    EXPECT_FALSE(w.read([&](Snapshot& s) { return TagStore::find(s, w.daemon(), vip); }).has_value()
    );
}

TEST_F(IntakeTest, what_has_no_use_yet_stays_on_the_timeline) {
    w.take(t0, CrmWorld::add("ann", "wm1"));
    w.take(
        t0, Noted{"customer_acquisition.customer_start_chat", "wm1", "ann", R"({"link_id":"l1"})"}
    );
    w.take(t0, Noted{"customer_acquisition.balance_low", "", "", "not json"});
    EXPECT_EQ(w.kinds(w.friend_id("wm1")).back(), "noted");
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM timeline WHERE contact_id = 0 AND kind = 'noted'"), 1);
}

TEST_F(IntakeTest, consent_and_transfer_failures_are_kept) {
    w.take(t0, CrmWorld::add("ann", "wm1"));
    w.take(t0 + second, ConsentGiven{"ann", "wm1"});
    w.take(t0 + 2 * second, ConsentGiven{"ann", "wm1"});
    EXPECT_EQ(w.number("SELECT at_ms FROM consent"), t0 + 2 * second);
    w.take(t0 + 3 * second, TransferFailed{"bob", "wm1", "customer_refused"});
    EXPECT_EQ(w.kinds(w.friend_id("wm1")).back(), "transfer_failed");
    w.take(t0 + 4 * second, ContactEdited{"ann", "wm1"});
    EXPECT_EQ(w.waiting<RefetchContact>().size(), 2U);
}

TEST_F(IntakeTest, adds_from_many_threads_make_one_contact_and_one_open_lead) {
    std::vector<std::thread> threads;
    const IntakeServices services{w.clock(), w.ids, w.jobs};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 25; ++i) {
                Touch touch;
                touch.corp = w.corp;
                touch.at = t0 + i * 120 * second;
                touch.key = "t" + std::to_string(t) + ":" + std::to_string(i);
                touch.body = CrmWorld::add("m" + std::to_string(t), "wm" + std::to_string(i % 5));
                const auto out =
                    w.write([&](Transaction& tx) { return intake(tx, services, touch); });
                ASSERT_TRUE(out.has_value());
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM contact"), 5);
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM lead"), 5);
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM follow"), 20);
    EXPECT_EQ(w.number("SELECT COUNT(DISTINCT ord) FROM contact"), 5);
    EXPECT_EQ(w.number("SELECT MAX(ord) FROM contact"), 4) << "ordinals are dense";
}

TEST_F(IntakeTest, old_keys_are_forgotten_in_slices) {
    for (int i = 0; i < 10; ++i) {
        w.take(t0, Noted{"x", "", "", "{}"});
        w.clock().advance(second);
    }
    const UnixMillis before = w.clock().now() - 2 * second;
    const auto forget = [&](int limit) {
        return *w.write([&](Transaction& tx) -> Result<std::int64_t> {
            return forget_applied(tx, before, limit);
        });
    };
    EXPECT_EQ(forget(3), 3);
    EXPECT_EQ(forget(100), 5);
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM applied_touch"), 2);
}

}  // namespace
}  // namespace leadbridge::crm
