#include "crm/nurture/segment.h"

#include "tests/crm/nurture_world.h"

namespace leadbridge::crm {
namespace {

class Segments : public testing::Test {
protected:
    Segments() : store(w.bitmaps, w.clock(), w.ids) {
        w.write([&](Transaction& tx) {
            a = w.add_tag(tx, "a");
            b = w.add_tag(tx, "b");
            for (int i = 0; i < 30; ++i) {
                people.push_back(w.add_contact(tx, {}));
                w.tag(tx, people.back(), a);
                if (i % 3 == 0) {
                    w.tag(tx, people.back(), b);
                }
            }
        });
    }

    std::string tagged(TagId tag) { return R"({"tag":")" + tag.str() + "\"}"; }

    std::string within(SegmentId id) { return R"({"segment":")" + id.str() + "\"}"; }

    Result<Segment> create(std::string name, std::string condition) {
        return w.db().write<Segment>([&](Transaction& tx) {
            return store.create(tx, w.daemon(), {.name = name, .condition = condition});
        });
    }

    Result<Segment> update(
        SegmentId id, SegmentEdit edit, std::optional<std::int64_t> version = {}
    ) {
        return w.db().write<Segment>([&](Transaction& tx) {
            return store.update(tx, w.daemon(), id, edit, version);
        });
    }

    std::string remove(SegmentId id) {
        const Result<bool> done = w.db().write<bool>([&](Transaction& tx) -> Result<bool> {
            const Status s = store.remove(tx, w.daemon(), id, std::nullopt);
            return s ? Result<bool>(true) : Result<bool>(s.error());
        });
        return done ? "removed" : done.error().reason;
    }

    NurtureWorld w;
    SegmentStore store;
    TagId a, b;
    std::vector<ContactId> people;
};

TEST_F(Segments, AreCreatedChangedAndRemovedUnderTheirVersion) {
    const Result<Segment> s = create("First", tagged(a));
    ASSERT_TRUE(s.has_value());
    EXPECT_EQ(create("First", tagged(a)).error().reason, "segment_name_taken");
    EXPECT_EQ(create("", tagged(a)).error().reason, "name");
    EXPECT_EQ(create("Second", "{").error().reason, "condition_not_json");
    EXPECT_EQ(
        update(s->id, {.name = "Renamed", .condition = {}}, 2).error().code, ErrorCode::stale
    );
    EXPECT_EQ(update(s->id, {.name = "Renamed", .condition = {}}, 1)->version, 2);
    EXPECT_EQ(update(s->id, {.name = "Renamed", .condition = tagged(b)}, 2)->condition, tagged(b));
    EXPECT_EQ(update(SegmentId{9}, {}).error().code, ErrorCode::not_found);
    const auto list = w.read<PageOf<Segment>>([&](Snapshot& snapshot) {
        return SegmentStore::list(snapshot, w.daemon(), Page{});
    });
    EXPECT_EQ(list.items.size(), 1U);
    const auto foreign = w.read<PageOf<Segment>>([&](Snapshot& snapshot) {
        return SegmentStore::list(snapshot, Viewer::daemon(CorpId{12}), Page{});
    });
    EXPECT_TRUE(foreign.items.empty());
    EXPECT_EQ(remove(s->id), "removed");
    EXPECT_GT(w.number("SELECT COUNT(*) FROM audit WHERE object = 'segment'"), 3);
}

TEST_F(Segments, MayNameEachOtherButNotThemselves) {
    const SegmentId first = create("First", tagged(a))->id;
    const SegmentId second =
        create("Second", R"({"all":[)" + within(first) + "," + tagged(b) + "]}")->id;
    EXPECT_EQ(store.preview(w.db(), w.daemon(), within(second))->count, 10);
    EXPECT_EQ(
        update(first, {.name = {}, .condition = within(second)}).error().reason,
        "condition_segment_cycle"
    );
    EXPECT_EQ(
        update(first, {.name = {}, .condition = within(first)}).error().reason,
        "condition_segment_cycle"
    );
    EXPECT_EQ(create("Third", within(SegmentId{99})).error().reason, "condition_unknown_segment");
    EXPECT_EQ(remove(first), "segment_in_use");
    EXPECT_EQ(remove(second), "removed");
    EXPECT_EQ(remove(first), "removed");
}

TEST_F(Segments, CannotGrowWithoutEnd) {
    std::string text = R"({"all":[)";
    for (int i = 0; i < 100; ++i) {
        text += (i == 0 ? "" : ",") + tagged(a);
    }
    const SegmentId big = create("Big", text + "]}")->id;
    std::string five = R"({"all":[)";
    for (int i = 0; i < 5; ++i) {
        five += (i == 0 ? "" : ",") + within(big);
    }
    EXPECT_EQ(create("Bigger", five + "]}").error().reason, "condition_too_many_terms");
}

TEST_F(Segments, AMergedTagMeansTheOneItWasMergedInto) {
    const SegmentId id = create("Old", tagged(a))->id;
    w.write([&](Transaction& tx) {
        tx.execute(
            "UPDATE tag SET merged_into = ?, deleted_ms = 1 WHERE corp_id = ? AND id = ?",
            {b, w.corp, a}
        );
        tx.execute("DELETE FROM contact_tag WHERE corp_id = ? AND tag_id = ?", {w.corp, a});
        tx.changed({w.corp, "tag", a.value, "deleted"});
    });
    EXPECT_EQ(store.preview(w.db(), w.daemon(), within(id))->count, 10);
}

TEST_F(Segments, APreviewCountsAllAndShowsTheNewest) {
    const Result<SegmentPreview> p = store.preview(w.db(), w.daemon(), tagged(a));
    ASSERT_TRUE(p.has_value());
    EXPECT_EQ(p->count, 30);
    ASSERT_EQ(p->sample.size(), 20U);
    EXPECT_EQ(p->sample.front().id, people.back());
    EXPECT_EQ(store.preview(w.db(), w.daemon(), R"({"tag":1})").error().reason, "condition_bad_id");
    EXPECT_EQ(store.preview(w.db(), Viewer::daemon(CorpId{12}), tagged(a))->count, 0);
}

TEST_F(Segments, APreviewIsNarrowedByTheViewer) {
    MemberId me;
    w.write([&](Transaction& tx) {
        me = w.add_member(tx, "me");
        w.add_follow(tx, people[0], me, "wm0", 5);
        tx.execute("UPDATE contact SET owner = ? WHERE id = ?", {me, people[1]});
        tx.changed({w.corp, "contact", people[1].value, "updated"});
    });
    const Viewer self{w.corp, me, Scope::self, "member"};
    const Result<SegmentPreview> p = store.preview(w.db(), self, tagged(a));
    EXPECT_EQ(p->count, 2);
    EXPECT_EQ(p->sample.size(), 2U);
    const Viewer nobody{w.corp, MemberId{}, Scope::self, "token:narrow"};
    EXPECT_EQ(store.preview(w.db(), nobody, tagged(a))->count, 0);
}

TEST_F(Segments, PagesLeadWithTheRarestTag) {
    const Condition both = *parse_condition(R"({"all":[)" + tagged(a) + "," + tagged(b) + "]}");
    w.read<bool>([&](Snapshot& s) {
        PageOf<Contact> first = contacts_where(s, w.daemon(), both, Page{0, 6}, w.clock().now());
        EXPECT_EQ(first.items.size(), 6U);
        PageOf<Contact> rest =
            contacts_where(s, w.daemon(), both, Page{first.next, 6}, w.clock().now());
        EXPECT_EQ(rest.items.size(), 4U);
        EXPECT_EQ(rest.next, 0);
        EXPECT_GT(first.items.back().id, rest.items.front().id);
        return true;
    });
}

}  // namespace
}  // namespace leadbridge::crm
