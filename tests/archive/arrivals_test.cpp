// Today's messages: the same as counted from the start, whoever looks and whenever.

#include "archive/arrivals.h"

#include <gtest/gtest.h>

#include "tests/archive/archive_world.h"

namespace leadbridge::archive {
namespace {

struct ArrivalsTest : ::testing::Test {
    ArchiveWorld w;
    Arrivals arrivals{w.archive.db(), [this](const crm::Viewer&) { return w.visible; }};
    int said = 0;

    void say(const std::string& from, const std::string& to, const std::string& room = "") {
        w.source.say(text_json("m" + std::to_string(++said), from, to, "好", 1'000, room));
        w.pull_all();
        w.clock.advance(1'000);
    }

    ArrivalCounts look(std::vector<std::string> userids, UnixMillis since = 0) {
        w.visible = std::move(userids);
        return *arrivals.since({w.corp, crm::MemberId{5}, crm::Scope::self, "member:5"}, since);
    }

    ArrivalCounts all(UnixMillis since = 0) {
        w.visible.reset();
        return *arrivals.since(crm::Viewer::daemon(w.corp), since);
    }
};

using Counts = ArrivalCounts;

TEST_F(ArrivalsTest, EachLookCountsWhatIsNewInSight) {
    EXPECT_EQ(all(), (Counts{0, 0}));
    say("Li.Si", sample_contact);
    say(sample_contact, "Li.Si");
    say(other_contact, "zhang.san");
    EXPECT_EQ(all(), (Counts{2, 1}));
    EXPECT_EQ(look({"li.si"}), (Counts{1, 1}));
    EXPECT_EQ(look({"zhang.san"}), (Counts{1, 0}));
    EXPECT_EQ(look({"LI.SI", "zhang.san"}), (Counts{2, 1}));
    EXPECT_EQ(look({}), (Counts{0, 0}));
    say(sample_contact, "zhang.san", "wrSAMPLEROOM");
    say("zhang.san", other_contact);
    EXPECT_EQ(all(), (Counts{3, 2}));
    EXPECT_EQ(look({"zhang.san"}), (Counts{1, 1})) << "a room is not one member's";
    EXPECT_EQ(look({""}), (Counts{0, 0}));
    EXPECT_EQ(*arrivals.since(crm::Viewer::daemon(CorpId{99}), 0), (Counts{0, 0}));
}

TEST_F(ArrivalsTest, ANewDayBeginsAnewAndWhatWasCountedIsNotReadAgain) {
    say("li.si", sample_contact);
    say("li.si", sample_contact);
    EXPECT_EQ(all(), (Counts{0, 2}));
    // A look that read the day again would miss it.
    (void)w.archive.db().write<int>([&](Transaction& tx) -> Result<int> {
        tx.execute("DELETE FROM message WHERE corp_id = ? AND msgid = 'm1'", {w.corp});
        return 0;
    });
    say(sample_contact, "li.si");
    EXPECT_EQ(all(), (Counts{1, 2}));
    const UnixMillis midnight = w.clock.now();
    EXPECT_EQ(all(midnight), (Counts{0, 0}));
    say("li.si", sample_contact);
    EXPECT_EQ(all(midnight), (Counts{0, 1}));
    EXPECT_EQ(look({"li.si"}, midnight), (Counts{0, 1}));
    EXPECT_EQ(all(), (Counts{1, 2})) << "from the start";
    // Another archive in this one's place.
    (void)w.archive.db().write<int>([&](Transaction& tx) -> Result<int> {
        tx.execute("DELETE FROM message WHERE corp_id = ? AND msgid <> 'm2'", {w.corp});
        return 0;
    });
    EXPECT_EQ(all(), (Counts{0, 1}));
}

}  // namespace
}  // namespace leadbridge::archive
