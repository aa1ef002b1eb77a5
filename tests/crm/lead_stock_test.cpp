// Leads by status: exact, in the viewer's sight, and counted anew no more often than a share of a
// core allows.

#include "crm/leads/lead_stock.h"

#include <gtest/gtest.h>

#include "tests/crm/nurture_world.h"

namespace leadbridge::crm {
namespace {

class LeadStockTest : public testing::Test {
protected:
    LeadStockTest() {
        w.write([&](Transaction& tx) {
            first = w.add_member(tx, "first");
            second = w.add_member(tx, "second");
        });
    }

    void add(LeadStatus status, MemberId owner) {
        w.write([&](Transaction& tx) {
            const ContactId contact = w.add_contact(tx, {});
            w.add_lead(tx, contact, static_cast<int>(status), 1'000);
            tx.execute("UPDATE lead SET owner = ? WHERE contact_id = ?", {owner, contact});
        });
    }

    NurtureWorld w;
    MemberId first, second;
};

TEST_F(LeadStockTest, CountsWhatTheViewerSees) {
    LeadStock stock(w.db(), w.clock());
    EXPECT_EQ(*stock.of(w.daemon()), LeadCounts{});
    add(LeadStatus::unassigned, {});
    add(LeadStatus::fresh, first);
    add(LeadStatus::fresh, second);
    add(LeadStatus::invalid, second);
    EXPECT_EQ(*stock.of(w.daemon()), (LeadCounts{1, 2, 0, 0, 1})) << "what changed is counted";
    const Viewer self{w.corp, first, Scope::self, "user:first"};
    EXPECT_EQ(*stock.of(self), (LeadCounts{1, 1, 0, 0, 0}));
    EXPECT_EQ(*stock.of(w.daemon(), {second}), (LeadCounts{0, 1, 0, 0, 1}));
    EXPECT_EQ(*stock.of(w.daemon(), {second, second, MemberId{}}), (LeadCounts{1, 1, 0, 0, 1}));
    EXPECT_EQ(*stock.of(self, {second}), LeadCounts{}) << "whose leads are hidden";
    EXPECT_EQ(*stock.of(self, {first, MemberId{}}), (LeadCounts{1, 1, 0, 0, 0}));
    const Viewer nobody{w.corp, {}, Scope::self, "token:x"};
    EXPECT_EQ(*stock.of(nobody), LeadCounts{});
    EXPECT_EQ(*stock.of(Viewer::daemon(CorpId{99})), LeadCounts{});
}

// A clock by which every look takes a second.
class SlowClock final : public Clock {
public:
    UnixMillis now() const noexcept override { return 0; }

    std::int64_t steady_ms() const noexcept override { return at += 1'000; }

    mutable std::int64_t at = 0;
};

TEST_F(LeadStockTest, ACountThatTakesLongIsKeptForLong) {
    SlowClock slow;
    LeadStock stock(w.db(), slow);
    EXPECT_EQ((*stock.of(w.daemon()))[1], 0);
    add(LeadStatus::fresh, first);
    EXPECT_EQ((*stock.of(w.daemon()))[1], 0);
    slow.at += 60'000;
    EXPECT_EQ((*stock.of(w.daemon()))[1], 1);
}

}  // namespace
}  // namespace leadbridge::crm
