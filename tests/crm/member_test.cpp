#include "crm/staff/member.h"

#include <gtest/gtest.h>

#include "crm/staff/viewer_scope.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

struct MemberTest : ::testing::Test {
    CrmWorld w;
    MemberStore members{w.clock(), w.ids};

    template <class F>
    void change(F fn) {
        ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
            fn(tx);
            return {};
        }));
    }

    Member get(std::string_view userid) {
        return *w.read([&](Snapshot& s) {
            return MemberStore::find(s, w.corp, MemberStore::find_userid(s, w.corp, userid));
        });
    }
};

TEST_F(MemberTest, compares_userids_in_lower_case_and_shows_them_as_received) {
    const MemberId id = w.member("ZhangSan");
    EXPECT_EQ(w.member("zhangsan"), id);
    EXPECT_EQ(w.userid(id), "ZhangSan");
    EXPECT_EQ(w.member(""), MemberId{});
}

TEST_F(MemberTest, what_an_event_does_not_name_stays) {
    change([&](Transaction& tx) {
        members.put(
            tx, w.corp, {"ann", "安", MemberStatus::active, true, std::vector<std::int64_t>{1, 2}}
        );
        members.put(tx, w.corp, {"ann", std::nullopt, std::nullopt, std::nullopt, std::nullopt});
    });
    EXPECT_EQ(get("ann").name, "安");
    EXPECT_EQ(get("ann").status, MemberStatus::active);
    EXPECT_TRUE(get("ann").customer_contact);
    EXPECT_EQ(get("ann").departments, (std::vector<std::int64_t>{1, 2}));
}

TEST_F(MemberTest, a_renamed_member_keeps_its_row_and_a_leaver_loses_its_departments) {
    const MemberId id = w.member("old");
    change([&](Transaction& tx) { members.rename(tx, w.corp, "OLD", "fresh"); });
    EXPECT_EQ(w.member("fresh"), id);
    change([&](Transaction& tx) { members.rename(tx, w.corp, "nobody", "fresh"); });
    EXPECT_EQ(w.member("fresh"), id);
    change([&](Transaction& tx) {
        members.put(
            tx, w.corp, {"fresh", {}, MemberStatus::active, {}, std::vector<std::int64_t>{7}}
        );
        members.set_left(tx, w.corp, "fresh");
    });
    EXPECT_EQ(get("fresh").status, MemberStatus::left);
    EXPECT_TRUE(get("fresh").departments.empty());
}

TEST_F(MemberTest, scopes_reach_as_far_as_they_say) {
    change([&](Transaction& tx) {
        members.put_department(tx, w.corp, {1, "全国", 0});
        members.put_department(tx, w.corp, {2, "华东", 1});
        members.put_department(tx, w.corp, {3, "上海", 2});
        members.put(tx, w.corp, {"boss", {}, {}, {}, std::vector<std::int64_t>{2}});
        members.put(tx, w.corp, {"peer", {}, {}, {}, std::vector<std::int64_t>{2}});
        members.put(tx, w.corp, {"below", {}, {}, {}, std::vector<std::int64_t>{3}});
        members.put(tx, w.corp, {"above", {}, {}, {}, std::vector<std::int64_t>{1}});
    });
    const auto sees = [&](Scope scope, std::string_view who) {
        const Viewer viewer{w.corp, w.member("boss"), scope, "member"};
        return w.read([&](Snapshot& s) {
            return sees_member(s, viewer, MemberStore::find_userid(s, w.corp, who));
        });
    };
    for (const Scope scope :
         {Scope::self, Scope::team, Scope::department, Scope::subtree, Scope::all}) {
        EXPECT_TRUE(sees(scope, "boss"));
        EXPECT_EQ(sees(scope, "peer"), scope != Scope::self);
        EXPECT_EQ(sees(scope, "below"), scope == Scope::subtree || scope == Scope::all);
        EXPECT_EQ(sees(scope, "above"), scope == Scope::all);
    }
    const Viewer service{w.corp, MemberId{}, Scope::self, "token:x"};
    EXPECT_TRUE(w.read([&](Snapshot& s) { return MemberStore::list(s, service, {}).items.empty(); })
    );
    const Viewer foreign = Viewer::daemon(CorpId{99});
    EXPECT_TRUE(w.read([&](Snapshot& s) { return MemberStore::list(s, foreign, {}).items.empty(); })
    );
    EXPECT_TRUE(w.read([&](Snapshot& s) { return MemberStore::departments(s, foreign).empty(); }));
}

TEST_F(MemberTest, pages_go_on_where_they_ended) {
    for (int i = 0; i < 7; ++i) {
        w.member("m" + std::to_string(i));
    }
    std::vector<std::string> seen;
    Page page{0, 3};
    do {
        const auto got =
            w.read([&](Snapshot& s) { return MemberStore::list(s, w.daemon(), page); });
        for (const Member& m : got.items) {
            seen.push_back(m.userid);
        }
        page.before = got.next;
    } while (page.before != 0);
    EXPECT_EQ(seen, (std::vector<std::string>{"m6", "m5", "m4", "m3", "m2", "m1", "m0"}));
}

}  // namespace
}  // namespace leadbridge::crm
