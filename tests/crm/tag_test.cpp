#include "crm/contacts/tag.h"

#include <gtest/gtest.h>

#include "crm/contacts/contact_tag_rows.h"
#include "tests/base/plan_watch.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

struct TagTest : ::testing::Test {
    CrmWorld w;
    TagStore tags{w.services()};

    std::optional<Tag> find(TagId id) {
        return w.read([&](Snapshot& s) { return TagStore::find(s, w.daemon(), id); });
    }

    ContactId friend_of(const std::string& userid, const std::string& external) {
        return w.take(1'000, CrmWorld::add(userid, external)).contact;
    }

    Status put(const Viewer& viewer, ContactId contact, const std::vector<TagId>& ids) {
        return w.write([&](Transaction& tx) {
            return put_tags(tx, w.services(), viewer, contact, ids);
        });
    }

    void facts(const std::vector<TagGroupFact>& groups, TagFacts extent = TagFacts::whole) {
        ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
            tags.apply_facts(tx, w.corp, groups, extent);
            return {};
        }));
    }

    std::vector<std::string> names() {
        std::vector<std::string> out;
        for (const Tag& t : w.read([&](Snapshot& s) { return TagStore::list(s, w.daemon()); })) {
            out.push_back(t.group_name + "/" + t.name);
        }
        return out;
    }
};

TEST_F(TagTest, names_are_unique_within_a_group_and_free_again_after_a_removal) {
    const TagId id = w.tag("展厅");
    const auto create = [&](const NewTag& tag) {
        return w.write([&](Transaction& tx) { return tags.create(tx, w.daemon(), tag); });
    };
    EXPECT_EQ(create({"来源", "展厅", TagKind::internal, 0}).error().reason, "tag_name_taken");
    EXPECT_TRUE(create({"城市", "展厅", TagKind::internal, 0}).has_value());
    EXPECT_EQ(create({"", "a", TagKind::internal, 0}).error().reason, "group");
    EXPECT_EQ(create({"a", std::string(31, 'x'), TagKind::internal, 0}).error().reason, "name");
    EXPECT_EQ(create({"a", "b", TagKind::internal, -1}).error().reason, "order");
    ASSERT_TRUE(w.write([&](Transaction& tx) { return tags.remove(tx, w.daemon(), id); }));
    EXPECT_TRUE(create({"来源", "展厅", TagKind::internal, 0}).has_value());
}

// A common tag is on thousands of friendships; a contact has a few.
TEST_F(TagTest, deriving_a_tag_reads_the_friendships_of_its_contact_only) {
    if (test_engine() == Engine::postgres) {
        GTEST_SKIP() << "the plans of SQLite";
    }
    const ContactId contact = friend_of("zhangsan", "wmAAAAAAAAAAAAAAAA1");
    (void)w.write([&](Transaction& tx) -> Result<int> {
        PlanWatch watched(tx);
        derive_tag(watched, w.corp, contact, TagId{1}, "et1");
        EXPECT_NE(watched.plans().find("follow_contact"), std::string::npos) << watched.plans();
        EXPECT_EQ(watched.plans().find("follow_tag_back"), std::string::npos) << watched.plans();
        return 0;
    });
}

TEST_F(TagTest, a_wecom_tag_is_carried_there_and_an_internal_one_is_not) {
    w.tag("内部");
    EXPECT_TRUE(w.waiting<PushTag>().empty());
    const TagId id = w.tag("重点", TagKind::wecom);
    EXPECT_EQ(find(id)->sync, TagSync::pending);
    ASSERT_EQ(w.waiting<PushTag>().size(), 1U);
    EXPECT_EQ(w.waiting<PushTag>()[0].change, "create");
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
        tags.pushed(tx, w.corp, id, "et1", "eg1");
        return {};
    }));
    EXPECT_EQ(find(id)->sync, TagSync::ready);
    EXPECT_EQ(w.read([&](Snapshot& s) { return TagStore::find_wecom(s, w.corp, "et1")->id; }), id);
    const auto rename = [&](std::int64_t version) {
        return w.write([&](Transaction& tx) {
            return tags.rename(tx, w.daemon(), id, "要点", version);
        });
    };
    EXPECT_EQ(rename(9).error().code, ErrorCode::stale);
    EXPECT_TRUE(rename(find(id)->version));
    ASSERT_TRUE(w.write([&](Transaction& tx) { return tags.remove(tx, w.daemon(), id); }));
    ASSERT_EQ(w.waiting<PushTag>().size(), 3U);
    EXPECT_EQ(w.waiting<PushTag>()[2].wecom_id, "et1");
}

TEST_F(TagTest, contacts_tagged_before_wecom_had_the_tag_are_marked_when_it_has) {
    const TagId id = w.tag("重点", TagKind::wecom);
    const ContactId contact = friend_of("ann", "wm1");
    ASSERT_TRUE(put(w.daemon(), contact, {id}));
    EXPECT_TRUE(w.waiting<MarkTag>().empty());
    EXPECT_EQ(w.tag_names(contact), std::vector<std::string>{"重点"});
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
        tags.pushed(tx, w.corp, id, "et1", "eg1");
        return {};
    }));
    ASSERT_EQ(w.waiting<MarkTag>().size(), 1U);
    EXPECT_EQ(w.waiting<MarkTag>()[0].add_tags, std::vector<std::string>{"et1"});
    EXPECT_EQ(w.tag_names(contact), std::vector<std::string>{"重点"});
    EXPECT_EQ(find(id)->uses, 1);
}

TEST_F(TagTest, putting_tags_is_exact_counts_uses_and_tells_wecom_once_per_friendship) {
    const TagId a = w.tag("甲");
    const TagId b = w.tag("乙");
    const TagId vip = w.tag("重点", TagKind::wecom, "et1");
    const ContactId contact = friend_of("ann", "wm1");
    friend_of("bob", "wm1");
    EXPECT_TRUE(put(w.daemon(), contact, {a, vip}));
    EXPECT_TRUE(put(w.daemon(), contact, {a, vip}));
    EXPECT_EQ(w.waiting<MarkTag>().size(), 2U);
    EXPECT_TRUE(put(w.daemon(), contact, {b}));
    EXPECT_EQ(w.tag_names(contact), std::vector<std::string>{"乙"});
    ASSERT_EQ(w.waiting<MarkTag>().size(), 4U);
    EXPECT_EQ(w.waiting<MarkTag>()[3].remove_tags, std::vector<std::string>{"et1"});
    EXPECT_EQ(find(a)->uses, 0);
    EXPECT_EQ(find(b)->uses, 1);
    EXPECT_EQ(find(vip)->uses, 0);
    EXPECT_EQ(put(w.daemon(), contact, {TagId{77}}).error().reason, "tags");
    EXPECT_EQ(w.tag_names(contact), std::vector<std::string>{"乙"})
        << "a refused request changes nothing";
    // A fetch that still shows what we took off does not bring it back.
    ContactFetched late;
    late.external_userid = "wm1";
    FollowFact fact;
    fact.userid = "ann";
    fact.created_ms = 1'000;
    fact.tag_ids = {"et1"};
    late.follows = {fact};
    w.take(w.clock().now(), late);
    EXPECT_EQ(w.tag_names(contact), std::vector<std::string>{"乙"});
}

TEST_F(TagTest, a_viewer_changes_only_friendships_in_scope) {
    const TagId vip = w.tag("重点", TagKind::wecom, "et1");
    const ContactId contact = friend_of("ann", "wm1");
    friend_of("bob", "wm1");
    const Viewer ann{w.corp, w.member("ann"), Scope::self, "member:ann"};
    EXPECT_TRUE(put(ann, contact, {vip}));
    ASSERT_EQ(w.waiting<MarkTag>().size(), 1U);
    EXPECT_EQ(w.waiting<MarkTag>()[0].userid, "ann");
    const Viewer cat{w.corp, w.member("cat"), Scope::self, "member:cat"};
    EXPECT_EQ(put(cat, contact, {}).error().code, ErrorCode::not_found);
    EXPECT_EQ(put(Viewer::daemon(CorpId{99}), contact, {}).error().code, ErrorCode::not_found);
}

TEST_F(TagTest, a_tag_carried_by_two_friendships_stays_until_the_last_one_drops_it) {
    const TagId vip = w.tag("重点", TagKind::wecom, "et1");
    const auto fetch =
        [&](UnixMillis at, std::vector<std::string> of_ann, std::vector<std::string> of_bob) {
            ContactFetched body;
            body.external_userid = "wm1";
            body.follows.resize(2);
            body.follows[0].userid = "ann";
            body.follows[0].tag_ids = std::move(of_ann);
            body.follows[1].userid = "bob";
            body.follows[1].tag_ids = std::move(of_bob);
            for (FollowFact& f : body.follows) {
                f.created_ms = 500;
            }
            return w.take(at, body).contact;
        };
    const ContactId contact = fetch(1'000, {"et1"}, {"et1"});
    EXPECT_EQ(find(vip)->uses, 1);
    fetch(2'000, {}, {"et1"});
    EXPECT_EQ(w.tag_names(contact), std::vector<std::string>{"重点"});
    fetch(3'000, {}, {});
    EXPECT_TRUE(w.tag_names(contact).empty());
    EXPECT_EQ(find(vip)->uses, 0);
}

TEST_F(TagTest, the_list_of_wecom_makes_renames_swaps_and_removes) {
    facts(
        {{"eg1", "等级", 5, {{"et1", "金", 2}, {"et2", "银", 1}}},
         {"eg2", "行业", 9, {{"et3", "教育", 0}}}}
    );
    EXPECT_EQ(names(), (std::vector<std::string>{"行业/教育", "等级/金", "等级/银"}));
    const TagId gold =
        w.read([&](Snapshot& s) { return TagStore::find_wecom(s, w.corp, "et1")->id; });
    const ContactId contact = friend_of("ann", "wm1");
    ASSERT_TRUE(put(w.daemon(), contact, {gold}));
    facts({{"eg1", "等级", 5, {{"et1", "银", 2}, {"et2", "金", 1}}}});
    EXPECT_EQ(names(), (std::vector<std::string>{"等级/银", "等级/金"}));
    EXPECT_EQ(w.tag_names(contact), std::vector<std::string>{"银"})
        << "the id decides, not the name";
    facts({{"eg1", "等级", 5, {{"et2", "金", 1}}}}, TagFacts::part);
    EXPECT_EQ(names().size(), 2U) << "a part removes nothing";
    facts({{"eg1", "等级", 5, {{"et2", "金", 1}}}});
    EXPECT_EQ(names(), std::vector<std::string>{"等级/金"});
    EXPECT_TRUE(w.tag_names(contact).empty());
}

TEST_F(TagTest, a_tag_made_here_whose_answer_was_lost_is_recognised_by_its_name) {
    const TagId id = w.tag("重点", TagKind::wecom);
    facts({{"eg1", "来源", 0, {{"et9", "重点", 0}}}});
    EXPECT_EQ(find(id)->wecom_id, "et9");
    EXPECT_EQ(find(id)->sync, TagSync::ready);
    EXPECT_EQ(names().size(), 1U);
}

TEST_F(TagTest, ids_seen_on_friendships_before_the_tag_was_known_count_when_it_is) {
    ContactFetched body;
    body.external_userid = "wm1";
    body.follows.resize(1);
    body.follows[0].userid = "ann";
    body.follows[0].created_ms = 500;
    body.follows[0].tag_ids = {"et7"};
    const ContactId contact = w.take(1'000, body).contact;
    EXPECT_TRUE(w.tag_names(contact).empty());
    facts({{"eg1", "等级", 0, {{"et7", "金", 0}}}});
    EXPECT_EQ(w.tag_names(contact), std::vector<std::string>{"金"});
}

TEST_F(TagTest, a_merge_moves_every_contact_in_slices) {
    const TagId from = w.tag("旧");
    const TagId into = w.tag("新");
    const TagId vip = w.tag("重点", TagKind::wecom, "et1");
    for (int i = 0; i < 620; ++i) {
        const ContactId c = friend_of("ann", "wm" + std::to_string(i));
        ASSERT_TRUE(put(w.daemon(), c, i % 2 == 0 ? std::vector{from} : std::vector{from, into}));
    }
    const auto merge = [&](TagId a, TagId b) {
        return w.write([&](Transaction& tx) { return tags.merge(tx, w.daemon(), a, b); });
    };
    EXPECT_EQ(merge(from, vip).error().reason, "tag_not_mergeable");
    EXPECT_EQ(merge(from, from).error().reason, "tag_not_mergeable");
    EXPECT_TRUE(merge(from, into));
    EXPECT_FALSE(find(from).has_value());
    const auto settle = [&] {
        return *w.write([&](Transaction& tx) -> Result<std::int64_t> {
            return tags.settle(tx, w.corp);
        });
    };
    EXPECT_EQ(settle(), 120);
    EXPECT_EQ(settle(), 0);
    EXPECT_EQ(find(into)->uses, 620);
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM contact_tag WHERE tag_id = ?", {into}), 620);
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM contact_tag WHERE tag_id = ?", {from}), 0);
}

TEST_F(TagTest, another_corp_sees_none_of_it) {
    const TagId id = w.tag("展厅");
    const ContactId contact = friend_of("ann", "wm1");
    ASSERT_TRUE(put(w.daemon(), contact, {id}));
    const Viewer foreign = Viewer::daemon(CorpId{99});
    EXPECT_TRUE(w.read([&](Snapshot& s) { return TagStore::list(s, foreign).empty(); }));
    EXPECT_TRUE(w.read([&](Snapshot& s) { return TagStore::groups(s, foreign).empty(); }));
    EXPECT_FALSE(w.read([&](Snapshot& s) { return TagStore::find(s, foreign, id); }).has_value());
    EXPECT_TRUE(w.read([&](Snapshot& s) { return tags_of(s, foreign, contact).empty(); }));
    EXPECT_EQ(
        w.write([&](Transaction& tx) { return tags.remove(tx, foreign, id); }).error().code,
        ErrorCode::not_found
    );
}

}  // namespace
}  // namespace leadbridge::crm
