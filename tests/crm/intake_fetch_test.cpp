// What a fetch or a sync of a contact changes, against events and people.
#include <algorithm>

#include "crm/contacts/tag.h"
#include "tests/crm/intake_fixture.h"

namespace leadbridge::crm {
namespace {

TEST_F(IntakeTest, a_fetch_fills_the_person_the_follow_and_its_tags) {
    const TagId vip = w.tag("重点", TagKind::wecom, "et1");
    w.take(t0, CrmWorld::add("ann", "wm1"));
    ContactFetched body = fetched("wm1", {follow("ann", t0)});
    body.type = 1;
    body.unionid = "oU1";
    body.follows[0].remark = "王总";
    body.follows[0].add_way = 1;
    body.follows[0].tag_ids = {"et1", "et-unknown"};
    body.follows[0].personal_tags = {"老客户"};
    w.take(t0 + second, body);
    const ContactId id = w.friend_id("wm1");
    EXPECT_EQ(w.contact(id).name, "小王");
    EXPECT_EQ(w.contact_id(IdentityKind::unionid, "oU1"), id);
    EXPECT_EQ(w.follows(id).at(0).remark, "王总");
    EXPECT_EQ(w.tag_names(id), std::vector<std::string>{"重点"});
    EXPECT_EQ(w.waiting<SyncTags>().size(), 1U) << "a tag we do not know is asked for";
    EXPECT_EQ(w.read([&](Snapshot& s) { return TagStore::find(s, w.daemon(), vip)->uses; }), 1);

    body.follows[0].tag_ids.clear();
    w.take(t0 + 2 * second, body);
    EXPECT_TRUE(w.tag_names(id).empty());
    EXPECT_EQ(w.read([&](Snapshot& s) { return TagStore::find(s, w.daemon(), vip)->uses; }), 0);
}

TEST_F(IntakeTest, an_older_fetch_that_comes_late_changes_nothing) {
    w.take(t0, CrmWorld::add("ann", "wm1"));
    ContactFetched newer = fetched("wm1", {follow("ann", t0)});
    newer.follows[0].remark = "新";
    w.take(t0 + 20 * second, newer);
    ContactFetched older = fetched("wm1", {follow("ann", t0)});
    older.name = "旧名";
    older.follows[0].remark = "旧";
    w.take(t0 + 10 * second, older);
    EXPECT_EQ(w.contact(w.friend_id("wm1")).name, "小王");
    EXPECT_EQ(w.follows(w.friend_id("wm1")).at(0).remark, "新");
}

TEST_F(IntakeTest, a_fetch_does_not_undo_what_a_person_wrote) {
    w.take(t0, CrmWorld::add("ann", "wm1"));
    const ContactId id = w.friend_id("wm1");
    ContactPatch patch;
    patch.company = "示例科技";
    ASSERT_TRUE(w.write([&](Transaction& tx) {
        return patch_contact(tx, w.services(), w.daemon(), id, patch, {});
    }));
    ContactFetched body = fetched("wm1", {follow("ann", t0)});
    body.corp_name = "微信";
    w.take(t0 + second, body);
    EXPECT_EQ(w.contact(id).company, "示例科技");
    EXPECT_EQ(w.contact(id).name, "小王");
}

TEST_F(IntakeTest, a_tag_we_set_survives_a_fetch_that_does_not_show_it_yet) {
    const TagId vip = w.tag("重点", TagKind::wecom, "et1");
    const Channel channel = w.channel("码", {"ann"}, {vip});
    w.clock().set(t0);
    w.take(t0, CrmWorld::add("ann", "wm1", channel.state));
    const ContactId id = w.friend_id("wm1");
    w.take(t0 + second, fetched("wm1", {follow("ann", t0)}));
    EXPECT_EQ(w.tag_names(id), std::vector<std::string>{"重点"});
    ContactFetched shown = fetched("wm1", {follow("ann", t0)});
    shown.follows[0].tag_ids = {"et1"};
    w.take(t0 + 60 * second, shown);
    w.take(t0 + 120 * second, fetched("wm1", {follow("ann", t0)}));
    EXPECT_TRUE(w.tag_names(id).empty()) << "once shown, its absence means it was taken off";
}

TEST_F(IntakeTest, a_tag_that_wecom_never_shows_goes_after_an_hour) {
    const TagId vip = w.tag("重点", TagKind::wecom, "et1");
    w.clock().set(t0);
    w.take(t0, CrmWorld::add("ann", "wm1", w.channel("码", {"ann"}, {vip}).state));
    w.take(t0 + 3'700 * second, fetched("wm1", {follow("ann", t0)}));
    EXPECT_TRUE(w.tag_names(w.friend_id("wm1")).empty());
}

TEST_F(
    IntakeTest, a_friendship_that_the_fetch_no_longer_names_has_ended_unless_it_is_young_or_half
) {
    w.take(t0, CrmWorld::add("ann", "wm1"));
    w.take(t0, CrmWorld::add("bob", "wm1"));
    FriendAdded half = CrmWorld::add("cat", "wm1");
    half.half = true;
    w.take(t0, half);
    const ContactId id = w.friend_id("wm1");
    const auto live = [&] {
        const auto all = w.follows(id);
        return std::count_if(all.begin(), all.end(), [](const Follow& f) { return f.live; });
    };
    w.take(t0 + 30 * second, fetched("wm1", {follow("ann", t0)}));
    EXPECT_EQ(live(), 3) << "WeCom may deny a young friendship for a moment";
    ContactFetched page = fetched("wm1", {follow("ann", t0)});
    page.whole = false;
    w.take(t0 + 500 * second, page);
    EXPECT_EQ(live(), 3) << "a page is not the whole";
    w.take(t0 + 600 * second, fetched("wm1", {follow("ann", t0)}));
    EXPECT_EQ(live(), 2);
    w.take(t0 + 700 * second, FollowGone{"", "wm1"});
    EXPECT_EQ(live(), 1) << "only the half one is left";
    w.take(t0 + 800 * second, FollowGone{"ann", "wm-unknown"});
}

TEST_F(IntakeTest, a_sync_opens_leads_only_for_adds_whose_event_was_missed) {
    CorpStore corps(*w.vault, w.clock(), w.ids);
    Corp corp;
    corp.wecom_id = "ww1";
    corp.name = "示例";
    w.clock().set(t0 + 400);
    w.corp = *w.write([&](Transaction& tx) { return corps.put(tx, corp); });
    w.take(t0 + 10 * second, fetched("wm-old", {follow("ann", t0 - 500 * day)}));
    EXPECT_TRUE(w.leads().empty()) << "an old customer asked for nothing";
    EXPECT_EQ(w.contact(w.friend_id("wm-old")).owner, w.member("ann"));
    const Channel channel = w.channel("码", {"ann"}, {w.tag("展厅")});
    ContactFetched missed = fetched("wm-new", {follow("ann", t0 + 60 * second)});
    missed.follows[0].state = channel.state;
    w.take(t0 + 100 * second, missed);
    ASSERT_EQ(w.leads().size(), 1U);
    EXPECT_EQ(w.leads()[0].first_source.channel, channel.id);
    EXPECT_EQ(w.tag_names(w.friend_id("wm-new")), std::vector<std::string>{"展厅"});
    // The event comes after all: one touch, no second lead.
    w.take(t0 + 60 * second, CrmWorld::add("ann", "wm-new", channel.state));
    EXPECT_EQ(w.leads().size(), 1U);
    // WeCom tells whole seconds: this one may have begun after the corp was connected.
    w.take(t0 + second, fetched("wm-first", {follow("ann", t0)}));
    EXPECT_EQ(w.leads().size(), 2U);
}

}  // namespace
}  // namespace leadbridge::crm
