// Home's numbers of the day: exact, in the viewer's sight, of the day asked for.

#include "crm/contacts/day_stock.h"

#include <gtest/gtest.h>

#include "crm/contacts/chat_summary.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

constexpr UnixMillis midnight = 100'000;

struct DayStockTest : ::testing::Test {
    CrmWorld w;
    DayStock stock{w.db(), w.clock()};

    void say(const char* userid, const char* external, UnixMillis at, bool by_contact) {
        w.take(
            at,
            MessagesSeen{
                "c",
                userid,
                external,
                "",
                by_contact ? 1 : 0,
                by_contact ? 0 : 1,
                at,
                at,
                "m",
                by_contact,
                {}}
        );
    }

    Viewer self(std::string_view userid) {
        return {w.corp, w.member(userid), Scope::self, "member"};
    }

    DayCounts of(const Viewer& viewer, UnixMillis since = midnight, UnixMillis waiting = 50'000) {
        return *stock.of(viewer, since, waiting);
    }
};

TEST_F(DayStockTest, counts_the_day_in_the_viewers_sight) {
    EXPECT_EQ(of(w.daemon()), DayCounts{});
    w.take(99'999, CrmWorld::add("ann", "wm1"));
    w.take(100'000, CrmWorld::add("ann", "wm2"));
    w.take(100'001, CrmWorld::add("bob", "wm3"));
    say("ann", "wm1", 100'002, true);
    say("ann", "wm2", 49'999, true);
    say("bob", "wm3", 100'003, true);
    const DayCounts all = of(w.daemon());
    EXPECT_EQ(all.adds, 2) << "what changed is counted";
    EXPECT_EQ(all.leads_opened, 2);
    EXPECT_EQ(all.unanswered, 2);
    const DayCounts ann = of(self("ann"));
    EXPECT_EQ(ann.adds, 1);
    EXPECT_EQ(ann.unanswered, 1);
    EXPECT_EQ(of(self("bob")).unanswered, 1);
    EXPECT_EQ(of({w.corp, {}, Scope::self, "token:x"}), DayCounts{});
    EXPECT_EQ(of(Viewer::daemon(CorpId{99})), DayCounts{});
    // Another day, another moment to wait since: figures of their own.
    EXPECT_EQ(of(w.daemon(), 200'000), (DayCounts{2, 0, 0, 0}));
    EXPECT_EQ(of(w.daemon(), midnight, 0).unanswered, 3);
    say("bob", "wm3", 100'004, false);
    EXPECT_EQ(of(w.daemon()).unanswered, 1);
    EXPECT_EQ(of(self("bob")).unanswered, 0);
}

// A look that reads rows when nothing changed would find these, which the change log does not know.
TEST_F(DayStockTest, looks_at_what_did_not_change_count_nothing) {
    w.take(100'000, CrmWorld::add("ann", "wm1"));
    EXPECT_EQ(of(w.daemon()).adds, 1);
    EXPECT_EQ(of(self("ann")).adds, 1);
    EXPECT_TRUE(w.write([&](Transaction& tx) -> Status {
        tx.execute("DELETE FROM timeline WHERE corp_id = ?", {w.corp});
        return {};
    }));
    EXPECT_EQ(of(w.daemon()).adds, 1);
    EXPECT_EQ(of(self("ann")).adds, 1);
    EXPECT_EQ(of(self("bob")).adds, 0);
    w.take(100'001, CrmWorld::add("bob", "wm2"));
    EXPECT_EQ(of(w.daemon()).adds, 1);
    EXPECT_EQ(of(self("ann")).adds, 0);
}

}  // namespace
}  // namespace leadbridge::crm
