// Lists by condition: what they find, for whom, in which order, and how many rows they read for it.

#include "crm/nurture/contact_query.h"

#include <algorithm>
#include <set>

#include "crm/nurture/lead_query.h"
#include "tests/crm/nurture_world.h"

namespace leadbridge::crm {
namespace {

constexpr UnixMillis minute = 60'000;

class ContactQuery : public testing::Test {
protected:
    ContactQuery()
        : queries(w.db(), w.bitmaps, w.clock()),
          stock(w.db(), w.clock()),
          leads(w.db(), w.bitmaps, stock, w.clock()) {}

    // n contacts: every tenth carries `tag`, every hundredth is called Rare, owners in turn.
    void fill(int n) {
        if (!tag) {
            w.write([&](Transaction& tx) {
                tag = w.add_tag(tx, "t");
                first = w.add_member(tx, "first");
                second = w.add_member(tx, "second");
            });
        }
        for (int done = 0; done < n; done += 1'000) {
            w.write([&](Transaction& tx) {
                for (int i = done; i < std::min(n, done + 1'000); ++i) {
                    NurtureWorld::NewContact c;
                    c.owner = i % 2 == 0 ? first : second;
                    c.name = i % 100 == 7 ? "Rare" : "Name" + std::to_string(i * 7919 % 1'000);
                    c.last_ms = w.clock().now() - (i * 104'729 % 5'000) * minute;
                    people.push_back(w.add_contact(tx, c));
                    if (i % 10 == 0) {
                        w.tag(tx, people.back(), tag);
                    }
                }
            });
        }
    }

    Viewer member(MemberId id, Scope scope = Scope::self) const {
        return Viewer{w.corp, id, scope, "member"};
    }

    std::string tagged() const { return R"({"tag":")" + tag.str() + "\"}"; }

    ContactQueryPage page(const Viewer& viewer, const ContactPageQuery& query) {
        auto out = queries.page(viewer, query);
        EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().message);
        return out ? *out : ContactQueryPage{};
    }

    // Every page, one after another; fails when one repeats.
    std::vector<ContactRow> all(const Viewer& viewer, ContactPageQuery query) {
        std::vector<ContactRow> out;
        std::set<std::int64_t> seen;
        do {
            ContactQueryPage got = page(viewer, query);
            for (ContactRow& row : got.items) {
                EXPECT_TRUE(seen.insert(row.contact.id.value).second);
                out.push_back(std::move(row));
            }
            query.after = got.next;
        } while (query.after);
        return out;
    }

    NurtureWorld w;
    ContactQueries queries;
    LeadStock stock;
    LeadQueries leads;
    TagId tag;
    MemberId first, second;
    std::vector<ContactId> people;
};

TEST_F(ContactQuery, EveryOrderGoesThroughEverybodyOnce) {
    fill(700);
    for (const ContactSort sort :
         {ContactSort::created, ContactSort::last_touch, ContactSort::name}) {
        for (const SortOrder order : {SortOrder::descending, SortOrder::ascending}) {
            for (const std::string& condition : {std::string(), tagged()}) {
                const auto rows =
                    all(w.daemon(),
                        {.find = {condition, ""}, .sort = sort, .order = order, .limit = 33});
                ASSERT_EQ(rows.size(), condition.empty() ? 700U : 70U);
                for (std::size_t i = 1; i < rows.size(); ++i) {
                    const Contact& a = rows[i - 1].contact;
                    const Contact& b = rows[i].contact;
                    const auto key = [&](const Contact& c) {
                        return sort == ContactSort::created ? std::tuple(c.ord, std::string())
                               : sort == ContactSort::last_touch
                                   ? std::tuple(c.last_ms, std::string())
                                   : std::tuple(0L, c.name);
                    };
                    EXPECT_TRUE(
                        order == SortOrder::ascending ? key(a) <= key(b) : key(a) >= key(b)
                    );
                }
            }
        }
    }
}

TEST_F(ContactQuery, LargeSetsWalkTheIndexToTheSameEnd) {
    fill(6'000);  // above what is sorted in memory
    const auto rows = all(w.daemon(), {.sort = ContactSort::last_touch, .limit = 200});
    EXPECT_EQ(rows.size(), 6'000U);
    for (std::size_t i = 1; i < rows.size(); ++i) {
        EXPECT_GE(rows[i - 1].contact.last_ms, rows[i].contact.last_ms);
    }
}

TEST_F(ContactQuery, APageOfManyReadsNoMoreThanAPageOfFew) {
    const auto examined = [&](ContactSort sort, const std::string& condition) {
        return page(w.daemon(), {.find = {condition, ""}, .sort = sort}).examined;
    };
    fill(4'000);
    const auto created = examined(ContactSort::created, tagged());
    const auto named = examined(ContactSort::name, "");
    fill(16'000);
    EXPECT_LE(created, 51);
    EXPECT_EQ(examined(ContactSort::created, tagged()), created);
    EXPECT_LE(examined(ContactSort::last_touch, ""), 600);
    EXPECT_LE(examined(ContactSort::name, ""), 2 * named);
}

TEST_F(ContactQuery, IndexesCarryTheOrders) {
    if (test_engine() == Engine::postgres) {
        GTEST_SKIP() << "reads SQLite's plans";
    }
    const auto plan = [&](const std::string& sql) {
        std::string out;
        (void)w.read<int>([&](Snapshot& s) -> Result<int> {
            s.each("EXPLAIN QUERY PLAN " + sql, {1, 2, 3}, [&](const Row& row) {
                out += row.str(3) + "\n";
                return Visit::next;
            });
            return 0;
        });
        return out;
    };
    const std::string touch = plan(
        "SELECT c.ord, c.id, c.last_ms FROM contact c WHERE c.corp_id = ? AND (c.last_ms, c.id) < "
        "(?, ?) ORDER BY c.last_ms DESC, c.id DESC LIMIT 500"
    );
    EXPECT_NE(touch.find("USING COVERING INDEX contact_last"), std::string::npos) << touch;
    EXPECT_EQ(touch.find("TEMP B-TREE"), std::string::npos) << touch;
    const std::string name = plan(
        "SELECT c.ord, c.id, c.name FROM contact c WHERE c.corp_id = ? AND (c.name, c.id) > (?, ?) "
        "ORDER BY c.name, c.id LIMIT 500"
    );
    EXPECT_NE(name.find("USING COVERING INDEX contact_name"), std::string::npos) << name;
    const std::string waiting = plan(
        "SELECT COUNT(*) FROM chat_summary cs WHERE cs.corp_id = ? AND cs.last_from_contact = 1 "
        "AND cs.last_ms >= ? AND (cs.member_id = ?)"
    );
    EXPECT_NE(waiting.find("COVERING INDEX chat_summary_member"), std::string::npos) << waiting;
    const std::string today = plan(
        "SELECT COUNT(*) FROM timeline t WHERE t.corp_id = ? AND t.kind IN ('friend_added') AND "
        "t.at_ms >= ? AND (t.member_id = ?)"
    );
    EXPECT_NE(today.find("COVERING INDEX timeline_kind"), std::string::npos) << today;
    const std::string channel = plan(
        "SELECT f.added_ms, f.spoke FROM follow f WHERE f.corp_id = ? AND f.channel_id = ? AND "
        "f.added_ms >= ? AND (f.member_id = 4)"
    );
    EXPECT_NE(channel.find("COVERING INDEX follow_channel"), std::string::npos) << channel;
    const std::string deleted = plan(
        "SELECT ct.contact_id, ct.tag_id, t.merged_into FROM tag t CROSS JOIN contact_tag ct WHERE "
        "t.corp_id = ? AND t.deleted_ms > ? AND ct.corp_id = t.corp_id AND ct.tag_id = t.id LIMIT ?"
    );
    EXPECT_NE(deleted.find("contact_tag_back (corp_id=? AND tag_id=?)"), std::string::npos)
        << deleted;
    const std::string lost = plan(
        "SELECT COUNT(*) FROM follow f WHERE f.corp_id = ? AND f.channel_id = ? AND f.ended_ms > 0 "
        "AND f.live = 0 AND (f.member_id = ?)"
    );
    EXPECT_NE(lost.find("COVERING INDEX follow_channel_lost"), std::string::npos) << lost;
    const std::string candidates = plan(
        "SELECT c.id, c.name FROM contact k CROSS JOIN contact c WHERE k.corp_id = ? AND k.ord IN "
        "(7, 8) AND c.corp_id = k.corp_id AND c.id = k.id AND c.merged_into = 0 AND c.created_ms "
        ">= ? AND c.last_ms >= ?"
    );
    EXPECT_NE(candidates.find("contact_by_ord (corp_id=? AND ord=?)"), std::string::npos)
        << candidates;
    EXPECT_EQ(candidates.find("contact_created"), std::string::npos) << candidates;
    const std::string lead = plan(
        "SELECT l.id FROM lead l WHERE l.corp_id = ? AND l.status = ? AND l.owner = ? ORDER BY "
        "l.last_ms DESC, l.id DESC LIMIT 50"
    );
    EXPECT_NE(lead.find("lead_owner_last"), std::string::npos) << lead;
    EXPECT_EQ(lead.find("TEMP B-TREE"), std::string::npos) << lead;
}

TEST_F(ContactQuery, OnlyWhatTheViewerSees) {
    fill(100);
    w.write([&](Transaction& tx) { w.add_follow(tx, people[1], first, "wm1", 5); });
    const auto mine = all(member(first), {.limit = 7});
    EXPECT_EQ(mine.size(), 51U);  // owned, and the friend that `second` owns
    EXPECT_EQ(queries.select(member(first), {})->count(), 51U);
    EXPECT_EQ(all(member(first), {.find = {tagged(), ""}}).size(), 10U);
    EXPECT_EQ(all(member(second), {.find = {tagged(), ""}}).size(), 0U);
    EXPECT_TRUE(page(member(MemberId{}), {}).items.empty());
    EXPECT_TRUE(page(Viewer::daemon(CorpId{12}), {}).items.empty());
}

TEST_F(ContactQuery, RowTermsAndTextsAreTestedOnWhatTheBitmapsLeave) {
    fill(1'000);
    const std::string rare = R"({"all":[{"field":"name","op":"contains","value":"rar"}]})";
    EXPECT_EQ(all(w.daemon(), {.find = {rare, ""}, .limit = 4}).size(), 10U);
    EXPECT_EQ(all(w.daemon(), {.find = {"", "RARE"}, .limit = 4}).size(), 10U);
    EXPECT_EQ(queries.select(w.daemon(), {"", "rare"})->count(), 10U);
    EXPECT_EQ(queries.select(w.daemon(), {tagged(), "rare"})->count(), 0U);
    EXPECT_EQ(queries.select(w.daemon(), {"", "100%"})->count(), 0U);
    w.write([&](Transaction& tx) {
        w.add_follow(tx, people[3], second, "wm3", 5);
        tx.execute("UPDATE follow SET remark = 'Tea lover' WHERE corp_id = ?", {w.corp});
        index_contact(tx, w.corp, people[3]);
        tx.execute(
            "INSERT INTO identity(corp_id, kind, value, contact_id, added_ms) VALUES(?, 3, "
            "'8613800000001', ?, 0)",
            {w.corp, people[5]}
        );
    });
    const auto tea = all(w.daemon(), {.find = {"", "tea"}});
    ASSERT_EQ(tea.size(), 1U);
    EXPECT_EQ(tea[0].contact.id, people[3]);
    EXPECT_EQ(tea[0].remark, "Tea lover");
    EXPECT_TRUE(tea[0].is_friend);
    EXPECT_EQ(tea[0].owner_name, "second");
    const auto phone = all(w.daemon(), {.find = {"", "13800000001"}});
    ASSERT_EQ(phone.size(), 1U);
    EXPECT_EQ(phone[0].contact.id, people[5]);
}

TEST_F(ContactQuery, AnothersRemarkIsNotFoundBy) {
    fill(100);
    const ContactId mine = all(member(first), {.limit = 1}).at(0).contact.id;
    w.write([&](Transaction& tx) {
        w.add_follow(tx, mine, second, "wm4", 5);
        tx.execute("UPDATE follow SET remark = 'Tea lover' WHERE member_id = ?", {second});
        index_contact(tx, w.corp, mine);
    });
    EXPECT_EQ(all(w.daemon(), {.find = {"", "tea"}}).size(), 1U);
    EXPECT_EQ(all(member(second), {.find = {"", "tea"}}).size(), 1U);
    EXPECT_TRUE(all(member(first), {.find = {"", "tea"}}).empty());
}

TEST_F(ContactQuery, ATextIsFoundWithoutLookingAtThoseWithoutIt) {
    fill(3'000);
    for (const std::string q : {"rare", "Name7 is nobody", "are"}) {
        const ContactQueryPage got = page(w.daemon(), {.find = {"", q}, .limit = 10});
        EXPECT_EQ(got.items.size(), q == "Name7 is nobody" ? 0U : 10U) << q;
        EXPECT_LE(got.examined, 11) << q;
    }
    EXPECT_EQ(queries.select(w.daemon(), {"", "rare"})->count(), 30U);
    EXPECT_EQ(queries.select(member(first), {"", "rare"})->count(), 0U);
    EXPECT_EQ(queries.select(member(second), {"", "rare"})->count(), 30U);
}

TEST_F(ContactQuery, TheRareAreFoundWithoutTestingEverybodyOneByOne) {
    fill(9'000);
    w.write([&](Transaction& tx) {
        tx.execute("UPDATE contact SET company = 'Only one' WHERE id = ?", {people[2]});
    });
    const ContactQueryPage got =
        page(w.daemon(), {.find = {R"({"field":"company","op":"contains","value":"only"})", ""}});
    ASSERT_EQ(got.items.size(), 1U);
    EXPECT_LE(got.examined, 5'300);
}

TEST_F(ContactQuery, TheHashIsOfTheQuestion) {
    fill(10);
    const auto hash = [&](const std::string& condition, const std::string& q) {
        return *queries.hash(w.daemon(), {condition, q});
    };
    EXPECT_EQ(hash("", "").size(), 32U);
    EXPECT_EQ(hash("", ""), hash(R"({"all":[]})", ""));
    EXPECT_EQ(hash(tagged(), ""), hash(R"({ "tag" : ")" + tag.str() + "\" }", ""));
    EXPECT_NE(hash(tagged(), ""), hash("", ""));
    EXPECT_NE(hash("", "a"), hash("", ""));
    EXPECT_FALSE(queries.hash(w.daemon(), {"{", ""}).has_value());
    const std::string before = hash(tagged(), "");
    fill(10);
    EXPECT_EQ(hash(tagged(), ""), before);
}

class LeadQuery : public ContactQuery {
protected:
    void add(int contact, LeadStatus status, MemberId owner, UnixMillis last) {
        w.write([&](Transaction& tx) {
            w.add_lead(
                tx, people[static_cast<std::size_t>(contact)], static_cast<int>(status), last
            );
            tx.execute(
                "UPDATE lead SET owner = ? WHERE contact_id = ?",
                {owner, people[static_cast<std::size_t>(contact)]}
            );
        });
    }

    LeadQueryPage ask(const Viewer& viewer, const LeadPageQuery& query) {
        auto out = leads.page(viewer, query);
        EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().message);
        return out ? *out : LeadQueryPage{};
    }
};

TEST_F(LeadQuery, MergesStatusesAndOwnersInOneOrder) {
    fill(60);
    for (int i = 0; i < 60; ++i) {
        const auto status = static_cast<LeadStatus>(i % 5);
        add(i,
            status,
            status == LeadStatus::unassigned ? MemberId{} : (i % 2 == 0 ? first : second),
            1'000 + i * 37 % 60);
    }
    LeadPageQuery query;
    query.limit = 7;
    std::vector<LeadQueryRow> rows;
    do {
        LeadQueryPage got = ask(w.daemon(), query);
        rows.insert(rows.end(), got.items.begin(), got.items.end());
        query.after = got.next;
    } while (query.after);
    ASSERT_EQ(rows.size(), 60U);
    for (std::size_t i = 1; i < rows.size(); ++i) {
        EXPECT_GE(rows[i - 1].lead.last_ms, rows[i].lead.last_ms);
    }
    const auto mine = ask(member(first), {.limit = 200});
    for (const LeadQueryRow& row : mine.items) {
        EXPECT_TRUE(!row.lead.owner || row.lead.owner == first);
    }
    EXPECT_EQ(mine.items.size(), 36U);  // 12 unassigned, half of the others
    EXPECT_EQ(static_cast<std::int64_t>(mine.items.size()), leads.total(member(first), {})->value);
    const auto foreign = ask(member(first), {.find = {.contact = {}, .owner = {second}}});
    EXPECT_TRUE(foreign.items.empty());
    const auto tagged_leads = ask(w.daemon(), {.find = {.contact = {tagged(), ""}}, .limit = 200});
    EXPECT_EQ(tagged_leads.items.size(), 6U);
    const auto fresh =
        ask(w.daemon(),
            {.find = {.contact = {}, .status = {LeadStatus::fresh}, .owner = {second}},
             .sort = LeadSort::created,
             .order = SortOrder::ascending});
    ASSERT_EQ(fresh.items.size(), 6U);
    EXPECT_EQ(fresh.items[0].owner_name, "second");
    EXPECT_LT(fresh.items[0].lead.id, fresh.items[1].lead.id);
}

// 6,000 leads, every third closed long ago, every fiftieth from one channel.
TEST_F(LeadQuery, WalksReadNoFurtherThanThePageReaches) {
    fill(6'000);
    const ChannelId channel{9};
    std::vector<std::int64_t> of_channel;  // their times, newest first
    for (int done = 0; done < 6'000; done += 1'000) {
        w.write([&](Transaction& tx) {
            for (int i = done; i < done + 1'000; ++i) {
                const bool closed = i % 3 == 0;
                const UnixMillis at = (closed ? 0 : 1'000'000) + i * 7'919 % 6'000;
                const auto status = closed ? LeadStatus::invalid : LeadStatus::fresh;
                const ChannelId from = i % 50 == 3 ? channel : ChannelId{};
                const ContactId contact = people[static_cast<std::size_t>(i)];
                w.add_lead(tx, contact, static_cast<int>(status), at, from);
                if (from) {
                    of_channel.push_back(at);
                }
            }
        });
    }
    std::sort(of_channel.rbegin(), of_channel.rend());
    const std::string untagged = R"({"not":)" + tagged() + "}";
    const auto page = ask(w.daemon(), {.find = {.contact = {untagged, ""}}, .limit = 20});
    ASSERT_EQ(page.items.size(), 20U);
    EXPECT_GE(page.items.back().lead.last_ms, 1'000'000);
    EXPECT_LE(page.examined, 700) << "the closed ones lie far behind";
    LeadPageQuery query{.find = {.contact = {untagged, ""}, .channel = {channel}}, .limit = 7};
    std::vector<std::int64_t> found;
    do {
        const LeadQueryPage got = ask(w.daemon(), query);
        for (const LeadQueryRow& row : got.items) {
            found.push_back(row.lead.last_ms);
        }
        query.after = got.next;
    } while (query.after);
    EXPECT_EQ(found, of_channel);
}

TEST_F(LeadQuery, TheBoardHasEveryColumnWithItsCount) {
    fill(50);
    for (int i = 0; i < 50; ++i) {
        const auto status = i < 45 ? LeadStatus::fresh : LeadStatus::converted;
        add(i, status, i == 44 ? second : first, 1'000 + i);
    }
    const auto board = leads.board(w.daemon(), {}, 30);
    ASSERT_TRUE(board.has_value());
    ASSERT_EQ(board->size(), 5U);
    const LeadColumn& fresh = (*board)[1];
    EXPECT_EQ(fresh.status, LeadStatus::fresh);
    EXPECT_EQ(fresh.total.value, 45);
    EXPECT_FALSE(fresh.total.at_least);
    EXPECT_EQ(fresh.page.items.size(), 30U);
    ASSERT_TRUE(fresh.page.next.has_value());
    const auto more =
        ask(w.daemon(),
            {.find = {.contact = {}, .status = {LeadStatus::fresh}}, .after = fresh.page.next});
    EXPECT_EQ(more.items.size(), 15U);
    EXPECT_EQ((*board)[3].page.items.size(), 5U);
    EXPECT_TRUE((*board)[0].page.items.empty());
    const auto with_tag = leads.board(w.daemon(), {.contact = {tagged(), ""}}, 30);
    EXPECT_EQ((*with_tag)[1].total.value, 5);
    // Nothing but the owner narrows: the stock says how many, as far as the viewer sees.
    const auto totals = [&](const Viewer& viewer, const LeadFind& find, int cards) {
        std::vector<std::int64_t> out;
        for (const LeadColumn& column : *leads.board(viewer, find, cards)) {
            EXPECT_FALSE(column.total.at_least);
            out.push_back(column.total.value);
        }
        return out;
    };
    using Totals = std::vector<std::int64_t>;
    for (const int cards : {2, 100}) {
        EXPECT_EQ(totals(w.daemon(), {}, cards), (Totals{0, 45, 0, 5, 0})) << cards;
        EXPECT_EQ(totals(member(first), {}, cards), (Totals{0, 44, 0, 5, 0}));
        EXPECT_EQ(
            totals(w.daemon(), {.contact = {}, .owner = {second}}, cards), (Totals{0, 1, 0, 0, 0})
        );
        EXPECT_EQ(totals(member(second), {.contact = {}, .owner = {first}}, cards), Totals(5, 0))
            << "another's leads are not counted to whom they are hidden from";
    }
}

// Totals of a board that is not filtered cost nothing however many leads a column has.
TEST_F(LeadQuery, AColumnOfTheWholeBoardIsExactBeyondTheCap) {
    fill(1);
    w.write([&](Transaction& tx) {
        tx.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
            std::to_string(lead_count_cap + 5) +
            ") INSERT INTO lead(id, corp_id, contact_id, status, stage, owner, owner_auto, "
            "first_kind, first_channel, first_source, first_raw, last_kind, last_channel, "
            "last_source, last_raw, opened_ms, asked_ms, last_ms, closed_ms, reason, linked, "
            "version) SELECT i, " +
            w.corp.str() + ", " + people[0].str() + ", 4, '', " + first.str() +
            ", 0, '', 0, 0, '', '', 0, 0, '', 0, 0, i, 1, '', 0, 1 FROM n"
        );
    });
    const auto column = [&](const LeadFind& find) {
        return leads.board(w.daemon(), find, 30)->back();
    };
    EXPECT_EQ(column({}).total.value, lead_count_cap + 5);
    EXPECT_FALSE(column({}).total.at_least);
    const LeadTotal filtered = column({.contact = {}, .stage = {""}}).total;
    EXPECT_EQ(filtered.value, lead_count_cap);
    EXPECT_TRUE(filtered.at_least);
}

}  // namespace
}  // namespace leadbridge::crm
