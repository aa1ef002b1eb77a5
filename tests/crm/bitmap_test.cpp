#include <thread>

#include "base/change_log.h"
#include "crm/nurture/ord_set.h"
#include "tests/crm/nurture_world.h"

namespace leadbridge::crm {
namespace {

Condition parsed(const std::string& text) {
    Result<Condition> c = parse_condition(text);
    EXPECT_TRUE(c.has_value()) << text;
    return *c;
}

Condition tagged(TagId tag) {
    return parsed(R"({"tag":")" + tag.str() + "\"}");
}

TEST(OrdSet, IsASet) {
    OrdSet a;
    EXPECT_TRUE(a.empty());
    a.add(5);
    a.add(70'000);
    a.add(5);
    EXPECT_EQ(a.count(), 2U);
    OrdSet b = a;
    b.remove(5);
    EXPECT_TRUE(a.contains(5));
    EXPECT_FALSE(b.contains(5));
    OrdSet both = a;
    both &= b;
    EXPECT_EQ(both, b);
    a -= b;
    EXPECT_EQ(a.from(0, 10), std::vector<std::uint32_t>{5});
    a |= b;
    EXPECT_EQ(a.from(6, 10), std::vector<std::uint32_t>{70'000});
    EXPECT_EQ(a.from(0, 1), std::vector<std::uint32_t>{5});
    EXPECT_TRUE(a.from(70'001, 10).empty());
    OrdSet moved = std::move(b);
    EXPECT_EQ(moved.count(), 1U);
    EXPECT_GT(moved.bytes(), 0U);
}

TEST(TagBitmaps, FollowTheChangeLogWithoutRebuilding) {
    NurtureWorld w;
    TagId tag;
    std::vector<ContactId> people;
    w.write([&](Transaction& tx) {
        tag = w.add_tag(tx, "a");
        for (int i = 0; i < 50; ++i) {
            people.push_back(w.add_contact(tx, {}));
        }
        w.tag(tx, people[3], tag);
    });
    EXPECT_EQ(w.bitmaps.count(w.corp, tagged(tag)), 1U);
    EXPECT_EQ(w.bitmaps.count(w.corp, parsed(R"({"all":[]})")), 50U);
    EXPECT_EQ(w.bitmaps.rebuilds(), 1);
    w.write([&](Transaction& tx) {
        w.tag(tx, people[4], tag);
        w.tag(tx, people[5], tag);
        w.untag(tx, people[3], tag);
    });
    EXPECT_EQ(w.bitmaps.select(w.corp, tagged(tag)).from(0, 9), (std::vector<std::uint32_t>{4, 5}));
    w.write([&](Transaction& tx) {
        tx.execute("UPDATE contact SET merged_into = ? WHERE id = ?", {people[5], people[4]});
        tx.changed({w.corp, "contact", people[4].value, "merged"});
    });
    EXPECT_EQ(w.bitmaps.select(w.corp, tagged(tag)).from(0, 9), std::vector<std::uint32_t>{5});
    EXPECT_EQ(
        w.bitmaps.count(w.corp, parsed(R"({"not":{"tag":")" + tag.str() + "\"}}")), 48U
    );  // of 49 live ones
    EXPECT_EQ(w.bitmaps.rebuilds(), 1);
}

TEST(TagBitmaps, WaitUntilIncludesWhatWasCommitted) {
    NurtureWorld w;
    ContactId person;
    TagId tag;
    w.write([&](Transaction& tx) {
        tag = w.add_tag(tx, "a");
        person = w.add_contact(tx, {});
    });
    EXPECT_EQ(w.bitmaps.count(w.corp, tagged(tag)), 0U);
    w.write([&](Transaction& tx) { w.tag(tx, person, tag); });
    const std::int64_t end = w.read<std::int64_t>([](Snapshot& s) { return last_change(s); });
    EXPECT_EQ(w.bitmaps.wait_until(w.corp, end), end);
    EXPECT_THROW(w.bitmaps.wait_until(w.corp, end + 1), DatabaseError);
}

TEST(TagBitmaps, AreReadAnewAfterManyChangesOrALongSleep) {
    NurtureWorld w;
    TagBitmaps bitmaps(
        w.db(), w.clock(), {.max_bytes = 1 << 20, .rebuild_after = 5, .max_idle_ms = 1'000}
    );
    TagId tag;
    std::vector<ContactId> people;
    w.write([&](Transaction& tx) {
        tag = w.add_tag(tx, "a");
        for (int i = 0; i < 20; ++i) {
            people.push_back(w.add_contact(tx, {}));
        }
    });
    EXPECT_EQ(bitmaps.count(w.corp, tagged(tag)), 0U);
    w.write([&](Transaction& tx) {
        for (ContactId person : people) {
            w.tag(tx, person, tag);
        }
    });
    EXPECT_EQ(bitmaps.count(w.corp, tagged(tag)), 20U);
    EXPECT_EQ(bitmaps.rebuilds(), 2);
    w.clock().advance(1'001);
    EXPECT_EQ(bitmaps.count(w.corp, tagged(tag)), 20U);
    EXPECT_EQ(bitmaps.rebuilds(), 3);
}

TEST(TagBitmaps, DropTheCorpThatWasUsedLongestAgo) {
    NurtureWorld w;
    TagBitmaps bitmaps(
        w.db(), w.clock(), {.max_bytes = 1, .rebuild_after = 100, .max_idle_ms = 1'000'000}
    );
    const CorpId other{12};
    w.add_corp(other, "UTC", 0);
    w.write([&](Transaction& tx) {
        w.add_contact(tx, {});
        w.add_contact(tx, {.corp = other});
        w.add_contact(tx, {.corp = other});
    });
    const Condition all = parsed(R"({"all":[]})");
    EXPECT_EQ(bitmaps.count(w.corp, all), 1U);
    w.clock().advance(10);
    EXPECT_EQ(bitmaps.count(other, all), 2U);  // corps never mix
    EXPECT_EQ(bitmaps.corps(), 1);
    EXPECT_EQ(bitmaps.count(w.corp, all), 1U);
    EXPECT_EQ(bitmaps.rebuilds(), 3);
}

TEST(TagBitmaps, AnswerManyThreadsWhileThingsChange) {
    NurtureWorld w;
    std::vector<ContactId> people;
    TagId tag;
    w.write([&](Transaction& tx) {
        tag = w.add_tag(tx, "a");
        for (int i = 0; i < 100; ++i) {
            people.push_back(w.add_contact(tx, {}));
        }
    });
    const Condition condition = tagged(tag);
    std::atomic<bool> stop{false};
    std::atomic<int> backwards{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            std::uint64_t last = 0;
            while (!stop) {
                const std::uint64_t n = w.bitmaps.count(w.corp, condition);
                backwards += n < last ? 1 : 0;  // tags are only added
                last = n;
            }
        });
    }
    for (ContactId person : people) {
        w.write([&](Transaction& tx) { w.tag(tx, person, tag); });
    }
    stop = true;
    for (std::thread& reader : readers) {
        reader.join();
    }
    EXPECT_EQ(backwards, 0);
    EXPECT_EQ(w.bitmaps.count(w.corp, condition), 100U);
}

}  // namespace
}  // namespace leadbridge::crm
