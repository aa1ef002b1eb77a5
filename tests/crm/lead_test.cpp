#include "crm/leads/lead.h"

#include <gtest/gtest.h>

#include "crm/staff/audit.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

struct LeadTest : ::testing::Test {
    CrmWorld w;
    LeadDesk desk{w.services()};

    LeadId from_form(const std::string& phone = "13800138000") {
        FormSubmitted form;
        form.identities = {{IdentityKind::phone, phone}};
        return w.take(w.clock().now(), form).lead;
    }

    LeadId from_add(const std::string& userid = "ann", const std::string& external = "wm1") {
        return w.take(w.clock().now(), CrmWorld::add(userid, external)).lead;
    }

    Viewer as(std::string_view userid, Scope scope = Scope::all) {
        return {w.corp, w.member(userid), scope, "member:" + std::string(userid)};
    }

    Lead get(LeadId id) {
        return *w.read([&](Snapshot& s) { return find_lead(s, w.daemon(), id); });
    }

    template <class F>
    Status act(F fn) {
        return w.write([&](Transaction& tx) -> Status { return fn(tx); });
    }
};

TEST_F(LeadTest, a_pool_lead_is_claimed_once) {
    const LeadId id = from_form();
    EXPECT_EQ(get(id).status, LeadStatus::unassigned);
    const Viewer ann = as("ann");
    const Viewer bob = as("bob");
    EXPECT_TRUE(act([&](Transaction& tx) { return desk.claim(tx, ann, id, {}); }));
    EXPECT_EQ(
        act([&](Transaction& tx) { return desk.claim(tx, bob, id, {}); }).error().reason,
        "lead_status"
    );
    EXPECT_EQ(get(id).owner, ann.member);
    EXPECT_EQ(get(id).status, LeadStatus::fresh);
    EXPECT_EQ(
        act([&](Transaction& tx) { return desk.claim(tx, w.daemon(), id, {}); }).error().reason,
        "not_a_member"
    );
}

TEST_F(LeadTest, only_legal_moves) {
    const LeadId id = from_form();
    const Viewer ann = as("ann");
    EXPECT_EQ(
        act([&](Transaction& tx) { return desk.convert(tx, ann, id, {}); }).error().code,
        ErrorCode::conflict
    );
    EXPECT_EQ(
        act([&](Transaction& tx) { return desk.set_stage(tx, ann, id, "quoted", {}); })
            .error()
            .code,
        ErrorCode::conflict
    );
    EXPECT_EQ(
        act([&](Transaction& tx) { return desk.give_back(tx, ann, id, "x", {}); }).error().code,
        ErrorCode::conflict
    );
    EXPECT_TRUE(act([&](Transaction& tx) { return desk.assign(tx, ann, id, ann.member, {}); }));
    EXPECT_TRUE(act([&](Transaction& tx) { return desk.set_stage(tx, ann, id, "quoted", {}); }));
    EXPECT_EQ(get(id).status, LeadStatus::following);
    EXPECT_EQ(w.contact(get(id).contact).stage, "quoted");
    EXPECT_TRUE(act([&](Transaction& tx) { return desk.convert(tx, ann, id, {}); }));
    // Known by a form only: who won the customer goes on seeing him.
    EXPECT_EQ(w.contact(get(id).contact).owner, ann.member);
    EXPECT_EQ(w.contact(get(id).contact).stage, "customer");
    for (const auto& again : {
             act([&](Transaction& tx) { return desk.convert(tx, ann, id, {}); }),
             act([&](Transaction& tx) { return desk.assign(tx, ann, id, ann.member, {}); }),
             act([&](Transaction& tx) { return desk.invalidate(tx, ann, id, "x", {}); }),
         }) {
        EXPECT_EQ(again.error().reason, "lead_status");
    }
}

TEST_F(LeadTest, returning_and_invalidating_need_a_reason) {
    const LeadId id = from_add();
    const Viewer ann = as("ann");
    EXPECT_EQ(
        act([&](Transaction& tx) { return desk.give_back(tx, ann, id, "", {}); }).error().reason,
        "reason"
    );
    EXPECT_TRUE(act([&](Transaction& tx) { return desk.give_back(tx, ann, id, "no time", {}); }));
    EXPECT_EQ(get(id).status, LeadStatus::unassigned);
    EXPECT_EQ(get(id).owner, MemberId{});
    EXPECT_EQ(
        act([&](Transaction& tx) { return desk.invalidate(tx, ann, id, std::string(201, 'x'), {}); }
        )
            .error()
            .reason,
        "reason"
    );
    EXPECT_TRUE(act([&](Transaction& tx) { return desk.invalidate(tx, ann, id, "spam", {}); }));
    EXPECT_EQ(get(id).reason, "spam");
    EXPECT_GT(get(id).closed_ms, 0);
}

TEST_F(LeadTest, every_act_needs_the_current_version_and_leaves_audit_timeline_and_change) {
    const LeadId id = from_add();
    const Viewer ann = as("ann");
    const std::int64_t version = get(id).version;
    const std::int64_t before = w.number("SELECT COUNT(*) FROM change_log WHERE topic = 'lead'");
    EXPECT_TRUE(act([&](Transaction& tx) { return desk.set_stage(tx, ann, id, "quoted", version); })
    );
    EXPECT_EQ(
        act([&](Transaction& tx) { return desk.set_stage(tx, ann, id, "won", version); })
            .error()
            .code,
        ErrorCode::stale
    );
    EXPECT_EQ(get(id).stage, "quoted");
    EXPECT_EQ(get(id).version, version + 1);
    const auto audit = w.read([&](Snapshot& s) {
        return list_audit(s, w.daemon(), {"lead", id.value}, {}).items;
    });
    ASSERT_EQ(audit.size(), 1U);
    EXPECT_EQ(audit[0].actor, "member:ann");
    EXPECT_NE(audit[0].before.find("\"new\""), std::string::npos);
    EXPECT_NE(audit[0].after.find("quoted"), std::string::npos);
    EXPECT_EQ(w.kinds(get(id).contact).back(), "lead_stage");
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM change_log WHERE topic = 'lead'"), before + 1);
}

TEST_F(LeadTest, only_members_of_the_corp_get_leads) {
    const LeadId id = from_add();
    const Viewer ann = as("ann");
    const auto assign = [&](MemberId to) {
        return act([&](Transaction& tx) { return desk.assign(tx, ann, id, to, {}); });
    };
    EXPECT_EQ(assign(MemberId{5}).error().reason, "owner");
    const MemberId bob = w.member("bob");
    ASSERT_TRUE(act([&](Transaction& tx) -> Status {
        MemberStore(w.clock(), w.ids).set_left(tx, w.corp, "bob");
        return {};
    }));
    EXPECT_EQ(assign(bob).error().reason, "owner");
    EXPECT_EQ(
        act([&](Transaction& tx) {
            return desk.assign(tx, Viewer::daemon(CorpId{99}), id, ann.member, {});
        })
            .error()
            .reason,
        "owner"
    );
}

TEST_F(LeadTest, filters_and_pages) {
    const Channel channel = w.channel("码", {"ann"}, {w.tag("展厅")});
    for (int i = 0; i < 5; ++i) {
        w.take(w.clock().now(), CrmWorld::add("ann", "wm" + std::to_string(i), channel.state));
    }
    from_add("bob", "wx");
    from_form();
    const auto count = [&](auto change) {
        LeadFilter filter;
        change(filter);
        const std::int64_t n =
            w.read([&](Snapshot& s) { return count_leads(s, w.daemon(), filter); });
        std::int64_t listed = 0;
        Page page{0, 2};
        do {
            const auto got =
                w.read([&](Snapshot& s) { return list_leads(s, w.daemon(), filter, page); });
            listed += static_cast<std::int64_t>(got.items.size());
            page.before = got.next;
        } while (page.before != 0);
        EXPECT_EQ(n, listed);
        return n;
    };
    EXPECT_EQ(count([](LeadFilter&) {}), 7);
    EXPECT_EQ(count([](LeadFilter& f) { f.status = LeadStatus::unassigned; }), 1);
    EXPECT_EQ(count([&](LeadFilter& f) { f.owner = w.member("ann"); }), 5);
    EXPECT_EQ(count([&](LeadFilter& f) { f.channel = channel.id; }), 5);
    EXPECT_EQ(count([&](LeadFilter& f) { f.tag = channel.tags[0]; }), 5);
    EXPECT_EQ(count([&](LeadFilter& f) { f.contact = w.friend_id("wx"); }), 1);
    EXPECT_EQ(count([](LeadFilter& f) { f.q = "138 0013 8000"; }), 1);
    EXPECT_EQ(count([](LeadFilter& f) { f.stage = "contacted"; }), 0);
}

TEST_F(LeadTest, statuses_have_names) {
    for (const LeadStatus s :
         {LeadStatus::unassigned,
          LeadStatus::fresh,
          LeadStatus::following,
          LeadStatus::converted,
          LeadStatus::invalid}) {
        EXPECT_EQ(parse_lead_status(to_string(s)), s);
    }
    EXPECT_FALSE(parse_lead_status("fresh").has_value());
}

}  // namespace
}  // namespace leadbridge::crm
