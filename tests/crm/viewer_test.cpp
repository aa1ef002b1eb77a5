// Every list, count and search of crm is asked by viewers who may see nothing of it, or only their
// own.

#include <gtest/gtest.h>

#include "crm/contacts/chat_summary.h"
#include "crm/contacts/group_chat.h"
#include "crm/staff/audit.h"
#include "crm/staff/viewer_scope.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

struct ViewerTest : ::testing::Test {
    ViewerTest() {
        const Channel channel = w.channel("码", {"ann"}, {w.tag("展厅")});
        mine = w.take(1'000, CrmWorld::add("ann", "wm1", channel.state)).contact;
        theirs = w.take(1'000, CrmWorld::add("bob", "wm2", channel.state)).contact;
        for (const char* external : {"wm1", "wm2"}) {
            w.take(
                2'000,
                MessagesSeen{
                    "c",
                    external == std::string("wm1") ? "ann" : "bob",
                    external,
                    "",
                    1,
                    1,
                    1'500,
                    1'600,
                    "m",
                    true,
                    {}}
            );
        }
        FormSubmitted form;
        form.identities = {{IdentityKind::phone, "13800138000"}};
        pooled = w.take(3'000, form).contact;
        w.take(3'000, Noted{"customer_acquisition.balance_low", "", "", "{}"});
        EXPECT_TRUE(w.write([&](Transaction& tx) -> Status {
            GroupChatFact fact;
            fact.chat.chat_id = "wr1";
            fact.chat.name = "示例群";
            GroupChatMember member;
            member.userid = "wm2";
            member.external = true;
            fact.members = {member};
            group = put_group_chat(tx, w.services(), w.corp, fact);
            return {};
        }));
    }

    Viewer self(std::string_view userid) {
        return {w.corp, w.member(userid), Scope::self, "member:" + std::string(userid)};
    }

    template <class F>
    auto ask(F fn) {
        return w.read(fn);
    }

    CrmWorld w;
    ContactId mine;
    ContactId theirs;
    ContactId pooled;
    std::int64_t group = 0;
};

TEST_F(ViewerTest, another_corp_and_a_service_without_scope_get_nothing) {
    const std::vector<Viewer> viewers = {
        Viewer::daemon(CorpId{99}),
        {w.corp, MemberId{}, Scope::self, "token:x"},
        {w.corp, MemberId{}, Scope::subtree, "token:x"}};
    for (const Viewer& v : viewers) {
        EXPECT_TRUE(ask([&](Snapshot& s) { return list_contacts(s, v, {}, {}).items.empty(); }));
        EXPECT_EQ(ask([&](Snapshot& s) { return count_contacts(s, v, {}); }), 0);
        ContactFilter search;
        search.q = "wm1";
        EXPECT_TRUE(ask([&](Snapshot& s) { return list_contacts(s, v, search, {}).items.empty(); })
        );
        EXPECT_FALSE(ask([&](Snapshot& s) { return find_contact(s, v, mine); }).has_value());
        EXPECT_TRUE(ask([&](Snapshot& s) { return identities_of(s, v, mine).empty(); }));
        EXPECT_TRUE(ask([&](Snapshot& s) { return follows_of(s, v, mine).empty(); }));
        EXPECT_TRUE(ask([&](Snapshot& s) { return tags_of(s, v, mine).empty(); }));
        EXPECT_TRUE(ask([&](Snapshot& s) { return chats_of(s, v, mine).empty(); }));
        EXPECT_TRUE(ask([&](Snapshot& s) { return timeline_of(s, v, mine, {}, 50).items.empty(); })
        );
        EXPECT_TRUE(ask([&](Snapshot& s) { return corp_events(s, v, {}).items.empty(); }));
        EXPECT_TRUE(ask([&](Snapshot& s) { return corp_events_after(s, v, 0, 50).empty(); }));
        EXPECT_TRUE(ask([&](Snapshot& s) { return list_leads(s, v, {}, {}).items.empty(); }));
        EXPECT_EQ(ask([&](Snapshot& s) { return count_leads(s, v, {}); }), 0);
        LeadFilter lead_search;
        lead_search.q = "wm1";
        EXPECT_EQ(ask([&](Snapshot& s) { return count_leads(s, v, lead_search); }), 0);
        EXPECT_TRUE(ask([&](Snapshot& s) { return list_group_chats(s, v, {}).items.empty(); }));
        EXPECT_TRUE(ask([&](Snapshot& s) { return group_chat_members(s, v, group).empty(); }));
        EXPECT_EQ(ask([&](Snapshot& s) { return group_chat_name(s, v, "wr1"); }), "");
        EXPECT_TRUE(ask([&](Snapshot& s) { return MemberStore::list(s, v, {}).items.empty(); }));
        EXPECT_TRUE(ask([&](Snapshot& s) { return list_audit(s, v, {}, {}).items.empty(); }));
        EXPECT_EQ(
            w.write([&](Transaction& tx) { return add_note(tx, w.services(), v, mine, "x"); })
                .error()
                .code,
            ErrorCode::not_found
        );
    }
}

TEST_F(ViewerTest, scope_self_sees_its_own_contacts_and_friends_and_the_pool) {
    const Viewer ann = self("ann");
    const auto contacts = ask([&](Snapshot& s) { return list_contacts(s, ann, {}, {}).items; });
    ASSERT_EQ(contacts.size(), 1U);
    EXPECT_EQ(contacts[0].id, mine);
    EXPECT_EQ(ask([&](Snapshot& s) { return count_contacts(s, ann, {}); }), 1);
    ContactFilter search;
    search.q = "wm2";
    EXPECT_EQ(ask([&](Snapshot& s) { return count_contacts(s, ann, search); }), 0);
    EXPECT_FALSE(ask([&](Snapshot& s) { return find_contact(s, ann, theirs); }).has_value());
    EXPECT_TRUE(ask([&](Snapshot& s) { return timeline_of(s, ann, theirs, {}, 50).items.empty(); })
    );
    EXPECT_TRUE(ask([&](Snapshot& s) { return chats_of(s, ann, theirs).empty(); }));
    for (const TimelineEvent& e : ask([&](Snapshot& s) {
             return corp_events(s, ann, {0, 200}).items;
         })) {
        EXPECT_EQ(e.contact, mine);
    }
    std::vector<ContactId> of_leads;
    for (const Lead& lead : ask([&](Snapshot& s) { return list_leads(s, ann, {}, {}).items; })) {
        of_leads.push_back(lead.contact);
    }
    EXPECT_EQ(of_leads, (std::vector<ContactId>{pooled, mine})) << "her own and what nobody owns";
    EXPECT_TRUE(ask([&](Snapshot& s) { return list_group_chats(s, ann, {}).items.empty(); }));
    EXPECT_EQ(
        ask([&](Snapshot& s) { return list_group_chats(s, self("bob"), {}).items.size(); }), 1U
    );
    EXPECT_EQ(ask([&](Snapshot& s) { return group_chat_name(s, ann, "wr1"); }), "");
    EXPECT_EQ(ask([&](Snapshot& s) { return group_chat_name(s, self("bob"), "wr1"); }), "示例群");
    EXPECT_EQ(ask([&](Snapshot& s) { return group_chat_name(s, self("bob"), "wr2"); }), "");
    w.take(5'000, CrmWorld::add("ann", "wm2"));
    EXPECT_EQ(ask([&](Snapshot& s) { return count_contacts(s, ann, {}); }), 2)
        << "a friend is seen though another owns it";
}

TEST_F(ViewerTest, acts_on_foreign_leads_find_none) {
    LeadDesk desk(w.services());
    LeadFilter filter;
    filter.contact = theirs;
    const LeadId id =
        ask([&](Snapshot& s) { return list_leads(s, w.daemon(), filter, {}).items.at(0).id; });
    const Viewer ann = self("ann");
    EXPECT_EQ(
        w.write([&](Transaction& tx) { return desk.convert(tx, ann, id, {}); }).error().code,
        ErrorCode::not_found
    );
    EXPECT_EQ(
        w.write([&](Transaction& tx) {
             return desk.set_stage(tx, Viewer::daemon(CorpId{99}), id, "won", {});
         })
            .error()
            .code,
        ErrorCode::not_found
    );
}

}  // namespace
}  // namespace leadbridge::crm
