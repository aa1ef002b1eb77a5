// Pages that begin with whom the columns name: the same rows in the same order as a look at
// everybody, for few rows read.

#include "crm/nurture/contact_columns.h"

#include <algorithm>
#include <random>

#include "crm/contacts/timeline.h"
#include "crm/leads/lead_stock.h"
#include "crm/nurture/contact_query.h"
#include "crm/nurture/lead_query.h"
#include "tests/crm/nurture_world.h"

namespace leadbridge::crm {
namespace {

TEST(ContactColumns, NearestIsWhatSortingEverybodyBeginsWith) {
    std::mt19937 rng(11);
    ContactColumns columns;
    OrdSet set;
    std::vector<TouchedOrd> everybody;
    for (std::uint32_t ord = 0; ord < 3'000; ++ord) {
        const std::int64_t second = rng() % 400;
        columns.touched(ord, second * 1'000 + 7);
        if (ord % 3 == 0) {
            set.add(ord);
            everybody.push_back({ord, second});
        }
    }
    for (const bool down : {true, false}) {
        for (const std::int64_t from : {-1, 0, 57, 200, 399}) {
            TouchWalk walk{TouchOf::contact, down, {}, 40};
            if (from >= 0) {
                walk.from = from * 1'000;
            }
            const auto got = columns.nearest(set, walk);
            std::vector<std::int64_t> left;  // seconds, in order
            for (const TouchedOrd& one : everybody) {
                if (from < 0 || (down ? one.second <= from : one.second >= from)) {
                    left.push_back(down ? -one.second : one.second);
                }
            }
            std::sort(left.begin(), left.end());
            const auto here = static_cast<std::size_t>(
                from < 0 ? 0 : std::count(left.begin(), left.end(), down ? -from : from)
            );
            ASSERT_GE(got.size(), std::min(left.size(), here + 40)) << from;
            ASSERT_LE(got.size(), std::min(left.size(), here + 80)) << from;
            for (std::size_t i = 0; i < got.size(); ++i) {
                EXPECT_EQ(down ? -got[i].second : got[i].second, left[i]);
            }
        }
    }
}

TEST(ContactColumns, CharactersAreThoseOfTheText) {
    ContactColumns columns;
    columns.says(1, "王伟明");
    columns.says(2, "伟");
    columns.says(3, "tea 王");
    columns.says(4, "𠮷野家");
    const auto found = [&](std::string_view q) { return columns.with_characters(q).from(0, 9); };
    EXPECT_EQ(found("伟"), (std::vector<std::uint32_t>{1, 2}));
    EXPECT_EQ(found("明王"), std::vector<std::uint32_t>{1});
    EXPECT_EQ(found("a王"), std::vector<std::uint32_t>{3});
    EXPECT_EQ(found("𠮷"), std::vector<std::uint32_t>{4});
    EXPECT_TRUE(found("亻").empty());
    EXPECT_TRUE(found("").empty());
}

class Middling : public testing::Test {
protected:
    static constexpr int everybody = 22'000;

    // A tenth of the corp has the tag: too many to sort, too few to meet in an index.
    Middling()
        : contacts(w.db(), w.bitmaps, w.clock()),
          stock(w.db(), w.clock()),
          leads(w.db(), w.bitmaps, stock, w.clock()) {
        w.write([&](Transaction& tx) { tag = w.add_tag(tx, "t"); });
        for (int done = 0; done < everybody; done += 1'000) {
            w.write([&](Transaction& tx) {
                for (int i = done; i < done + 1'000; ++i) {
                    NurtureWorld::NewContact c;
                    c.name = "Name" + std::to_string(i * 7'919 % 1'000);
                    c.last_ms = touch(i);
                    people.push_back(w.add_contact(tx, c));
                    if (i % 10 == 0) {
                        w.tag(tx, people.back(), tag);
                    }
                }
            });
        }
    }

    // Two within each second, and ties.
    static UnixMillis touch(int i) { return 1'000'000 + (i * 7'919 % 1'009) * 500; }

    std::string tagged() const { return R"({"tag":")" + tag.str() + "\"}"; }

    std::vector<UnixMillis> all_contacts(SortOrder order) {
        std::vector<UnixMillis> out;
        ContactPageQuery query{
            .find = {tagged(), ""}, .sort = ContactSort::last_touch, .order = order, .limit = 190};
        do {
            const auto page = contacts.page(w.daemon(), query);
            examined = std::max(examined, page->examined);
            for (const ContactRow& row : page->items) {
                out.push_back(row.contact.last_ms);
            }
            query.after = page->next;
        } while (query.after);
        return out;
    }

    NurtureWorld w;
    ContactQueries contacts;
    LeadStock stock;
    LeadQueries leads;
    TagId tag;
    std::vector<ContactId> people;
    std::int64_t examined = 0;
};

TEST_F(Middling, ASetIsPagedByTouchWithoutReadingAllOfIt) {
    std::vector<UnixMillis> expected;
    for (int i = 0; i < everybody; i += 10) {
        expected.push_back(touch(i));
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(all_contacts(SortOrder::ascending), expected);
    std::reverse(expected.begin(), expected.end());
    EXPECT_EQ(all_contacts(SortOrder::descending), expected);
    EXPECT_LE(examined, 1'000);
    // Whoever spoke since stands first.
    w.write([&](Transaction& tx) {
        touch_contact(tx, w.corp, people[500], 5'000'000);
        add_event(tx, w.ids, {w.corp, people[500], {}, {}, 5'000'000, "messages_seen", "{}"});
    });
    const auto now = all_contacts(SortOrder::descending);
    EXPECT_EQ(now.size(), expected.size());
    EXPECT_EQ(now.front(), 5'000'000);
    EXPECT_EQ(w.bitmaps.rebuilds(), 1);
}

TEST_F(Middling, ATextThatManyHaveIsReadNoFurtherThanThePage) {
    for (const ContactSort sort : {ContactSort::created, ContactSort::last_touch}) {
        const auto page =
            contacts.page(w.daemon(), {.find = {"", "name7"}, .sort = sort, .limit = 20});
        ASSERT_EQ(page->items.size(), 20U);
        for (const ContactRow& row : page->items) {
            EXPECT_TRUE(row.contact.name.starts_with("Name7")) << row.contact.name;
        }
        EXPECT_LE(page->examined, 1'500);  // of 5,940 who may have it
    }
    EXPECT_EQ(contacts.page(w.daemon(), {.find = {"", "name eman"}})->items.size(), 0U);
}

TEST_F(Middling, LeadsOfASetArePagedByTouchAcrossThoseWithSeveral) {
    std::vector<UnixMillis> expected;
    const auto lead = [&](Transaction& tx, int i, LeadStatus status, UnixMillis at) {
        const ContactId contact = people[static_cast<std::size_t>(i)];
        w.add_lead(tx, contact, static_cast<int>(status), at);
        if (i % 10 == 0) {
            expected.push_back(at);
        }
    };
    for (int done = 0; done < everybody; done += 1'000) {
        w.write([&](Transaction& tx) {
            for (int i = done; i < done + 1'000; ++i) {
                lead(tx, i, LeadStatus::following, touch(i));
                if (i % 70 == 0) {  // one of long ago, too
                    lead(tx, i, LeadStatus::invalid, touch(i) - 400'000);
                }
            }
        });
    }
    std::sort(expected.rbegin(), expected.rend());
    LeadPageQuery query{.find = {.contact = {tagged(), ""}}, .limit = 100};
    std::vector<UnixMillis> found;
    do {
        const auto page = leads.page(w.daemon(), query);
        ASSERT_TRUE(page.has_value());
        EXPECT_LE(page->examined, 900);
        for (const LeadQueryRow& row : page->items) {
            found.push_back(row.lead.last_ms);
        }
        query.after = page->next;
    } while (query.after);
    EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace leadbridge::crm
