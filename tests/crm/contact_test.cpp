#include "crm/contacts/contact.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "crm/contacts/chat_summary.h"
#include "crm/contacts/merge.h"
#include "crm/staff/audit.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

struct ContactTest : ::testing::Test {
    CrmWorld w;

    ContactId make(const std::string& external, const std::string& name = "小王") {
        ContactFetched body;
        body.external_userid = external;
        body.name = name;
        return w.take(1'000, body).contact;
    }

    Status patch(ContactId id, const ContactPatch& p, std::optional<std::int64_t> version = {}) {
        return w.write([&](Transaction& tx) {
            return patch_contact(tx, w.services(), w.daemon(), id, p, version);
        });
    }
};

std::string normal(IdentityKind kind, std::string value) {
    const auto out = normalise({kind, std::move(value)});
    return out ? out->value : "-";
}

TEST(Normalise, phones_become_digits_with_country) {
    for (const char* text :
         {"13800138000",
          "138 0013 8000",
          "138-0013-8000",
          "+86 13800138000",
          "0086-13800138000",
          "8613800138000",
          "(+86) 138.0013.8000",
          "１３８００１３８０００",
          "＋８６13800138000"}) {
        EXPECT_EQ(normal(IdentityKind::phone, text), "8613800138000") << text;
    }
    EXPECT_EQ(normal(IdentityKind::phone, "+1 415 555 0100"), "14155550100");
    for (const char* text :
         {"",
          "12345",
          "1380013800x",
          "000000000000",
          "11111111111",
          "http://1380013800",
          "123456789012345678"}) {
        EXPECT_EQ(normal(IdentityKind::phone, text), "-") << text;
    }
}

TEST(Normalise, mails_become_lower_case) {
    EXPECT_EQ(normal(IdentityKind::email, " Li.Ming@Example.COM "), "li.ming@example.com");
    for (const char* text :
         {"", "a", "a@", "@b.c", "a@b", "a@b.", "a@@b.cc", "a b@c.de", "a@b.c,d@e.f"}) {
        EXPECT_EQ(normal(IdentityKind::email, text), "-") << text;
    }
}

TEST(Normalise, ids_stay_as_they_are) {
    EXPECT_EQ(normal(IdentityKind::external_userid, " wmAbC "), "wmAbC");
    EXPECT_EQ(normal(IdentityKind::unionid, "\xff"), "-");
    EXPECT_EQ(normal(IdentityKind::openid, std::string(201, 'a')), "-");
}

TEST_F(ContactTest, ordinals_are_dense_per_corp_and_never_reused) {
    const ContactId a = make("wm1");
    const ContactId b = make("wm2");
    EXPECT_EQ(w.contact(a).ord, 0);
    EXPECT_EQ(w.contact(b).ord, 1);
    w.corp = CorpId{12};
    EXPECT_EQ(w.contact(make("wm1")).ord, 0);
}

TEST_F(ContactTest, an_edit_needs_the_version_that_was_read_and_is_audited) {
    const ContactId id = make("wm1");
    ContactPatch p;
    p.position = "经理";
    const std::int64_t version = w.contact(id).version;
    EXPECT_TRUE(patch(id, p, version));
    EXPECT_EQ(patch(id, p, version).error().code, ErrorCode::stale);
    p.position = std::string(101, 'x');
    EXPECT_EQ(patch(id, p).error().reason, "position");
    p.position = {};
    p.gender = 3;
    EXPECT_EQ(patch(id, p).error().reason, "gender");
    EXPECT_EQ(patch(ContactId{1}, p).error().code, ErrorCode::not_found);
    EXPECT_EQ(w.contact(id).position, "经理");
    const auto audit = w.read([&](Snapshot& s) {
        return list_audit(s, w.daemon(), {"contact", id.value}, {}).items;
    });
    ASSERT_EQ(audit.size(), 1U);
    EXPECT_NE(audit[0].after.find("经理"), std::string::npos);
}

TEST_F(ContactTest, search_takes_a_name_as_it_is_and_identities_in_any_form) {
    const ContactId a = make("wm1", "100%_王");
    make("wm2", "李");
    FormSubmitted form;
    form.identities = {
        {IdentityKind::external_userid, "wm1"},
        {IdentityKind::phone, "13800138000"},
        {IdentityKind::email, "a@b.cn"}};
    w.take(2'000, form);
    const auto found = [&](const std::string& q) {
        ContactFilter filter;
        filter.q = q;
        return w.read([&](Snapshot& s) { return list_contacts(s, w.daemon(), filter, {}).items; });
    };
    for (const char* q : {"王", "%_", "138 0013 8000", "+8613800138000", "A@B.cn", "wm1"}) {
        ASSERT_EQ(found(q).size(), 1U) << q;
        EXPECT_EQ(found(q)[0].id, a) << q;
    }
    for (const char* q : {"%王%x", "王_", "13800138001", "' OR 1=1 --"}) {
        EXPECT_TRUE(found(q).empty()) << q;
    }
}

TEST_F(ContactTest, filters_narrow_and_pages_stay_stable_while_contacts_come) {
    const Channel channel = w.channel("码", {"ann"}, {w.tag("展厅")});
    for (int i = 0; i < 5; ++i) {
        w.take(1'000, CrmWorld::add("ann", "wm" + std::to_string(i), channel.state));
    }
    w.take(1'000, CrmWorld::add("bob", "wx"));
    ContactFilter filter;
    filter.owner = w.member("ann");
    filter.channel = channel.id;
    filter.tag = channel.tags.at(0);
    filter.stage = "new";
    EXPECT_EQ(w.read([&](Snapshot& s) { return count_contacts(s, w.daemon(), filter); }), 5);
    const auto first = w.read([&](Snapshot& s) {
        return list_contacts(s, w.daemon(), filter, {0, 2});
    });
    w.take(1'000, CrmWorld::add("ann", "wm-late", channel.state));
    const auto second = w.read([&](Snapshot& s) {
        return list_contacts(s, w.daemon(), filter, {first.next, 2});
    });
    const auto third = w.read([&](Snapshot& s) {
        return list_contacts(s, w.daemon(), filter, {second.next, 2});
    });
    EXPECT_EQ(first.items.size() + second.items.size() + third.items.size(), 5U);
    EXPECT_GT(first.items.back().id, second.items.front().id);
    EXPECT_EQ(third.next, 0);
    filter.stage = "following";
    EXPECT_EQ(w.read([&](Snapshot& s) { return count_contacts(s, w.daemon(), filter); }), 0);
}

// Keeps the most parameters that a statement bound.
class ParamWatch final : public Snapshot {
public:
    explicit ParamWatch(Snapshot& s) : s_(s) {}

    using Snapshot::each;

    void each(std::string_view sql, Params params, const std::function<Visit(const Row&)>& visit)
        override {
        most = std::max(most, params.size());
        s_.each(sql, params, visit);
    }

    std::size_t most = 0;

private:
    Snapshot& s_;
};

TEST_F(ContactTest, a_page_of_namesakes_looks_at_few_of_them) {
    std::vector<ContactId> all;
    for (int i = 0; i < 300; ++i) {
        const ContactId id = make("wm" + std::to_string(i), i % 3 == 0 ? "王芳芳" : "王芳");
        all.insert(all.begin(), id);
    }
    make("wm-other", "李娜");
    ContactFilter filter;
    filter.q = "王芳";
    (void)w.read([&](Snapshot& s) {
        ParamWatch watch(s);
        EXPECT_EQ(list_contacts(watch, w.daemon(), filter, {0, 6}).items.size(), 6U);
        EXPECT_LT(watch.most, 30U);
        return 0;
    });
    std::vector<ContactId> found;
    for (const std::string q : {"王芳", "芳"}) {
        filter.q = q;
        found.clear();
        Page page{0, 47};
        do {
            const auto got =
                w.read([&](Snapshot& s) { return list_contacts(s, w.daemon(), filter, page); });
            for (const Contact& contact : got.items) {
                found.push_back(contact.id);
            }
            page.before = got.next;
        } while (page.before > 0);
        EXPECT_EQ(found, all) << q;
    }
    // A cursor whose contact is no more still says where to go on.
    const auto later = w.read([&](Snapshot& s) {
        return list_contacts(s, w.daemon(), filter, {all[5].value + 1, 3});
    });
    ASSERT_EQ(later.items.size(), 3U);
    EXPECT_EQ(later.items[0].id, all[5]);
}

TEST_F(ContactTest, notes_and_remarks) {
    w.take(1'000, CrmWorld::add("Ann", "wm1"));
    const ContactId id = w.friend_id("wm1");
    const auto note = [&](std::string_view text) {
        return w.write([&](Transaction& tx) {
            return add_note(tx, w.services(), w.daemon(), id, text);
        });
    };
    EXPECT_TRUE(note("他要两台").has_value());
    EXPECT_EQ(note("").error().reason, "text");
    EXPECT_EQ(note(std::string(10'001, 'x')).error().reason, "text");
    EXPECT_EQ(w.kinds(id).back(), "note");
    const auto remark = [&](std::string_view member, std::string_view text) {
        const MemberId who = w.member(member);
        return w.write([&](Transaction& tx) {
            return set_remark(tx, w.services(), w.daemon(), id, who, text, "说明");
        });
    };
    EXPECT_TRUE(remark("ann", "王总"));
    EXPECT_EQ(remark("ann", "一二三四五六七八九十一二三四五六七八九十一").error().reason, "remark");
    EXPECT_EQ(remark("bob", "王总").error().code, ErrorCode::not_found);
    ASSERT_EQ(w.waiting<Remark>().size(), 1U);
    EXPECT_EQ(w.waiting<Remark>()[0].userid, "Ann");
    EXPECT_EQ(w.follows(id).at(0).remark, "王总");
}

TEST_F(
    ContactTest, without_an_open_lead_the_oldest_live_friend_owns_and_a_conversion_makes_a_customer
) {
    w.take(1'000, CrmWorld::add("ann", "wm1"));
    w.take(100'000, CrmWorld::add("bob", "wm1"));
    const LeadId lead = w.leads().at(0).id;
    LeadDesk desk(w.services());
    ASSERT_TRUE(w.write([&](Transaction& tx) { return desk.convert(tx, w.daemon(), lead, {}); }));
    const ContactId id = w.friend_id("wm1");
    EXPECT_EQ(w.contact(id).stage, "customer");
    EXPECT_EQ(w.userid(w.contact(id).owner), "ann");
    w.take(200'000, FriendLost{"ann", "wm1", LostBy::contact_deleted});
    EXPECT_EQ(w.userid(w.contact(id).owner), "bob");
    w.take(300'000, FriendLost{"bob", "wm1", LostBy::contact_deleted});
    EXPECT_EQ(w.contact(id).owner, MemberId{});
}

TEST_F(ContactTest, the_timeline_pages_by_time_whatever_came_late) {
    const ContactId id = make("wm1");
    for (const UnixMillis at : {5'000, 1'000, 3'000, 3'000, 2'000}) {
        w.take(at, Noted{"x", "wm1", "", "{}"});
    }
    std::vector<UnixMillis> seen;
    std::optional<TimelineCursor> cursor;
    do {
        const auto page =
            w.read([&](Snapshot& s) { return timeline_of(s, w.daemon(), id, cursor, 2); });
        for (const TimelineEvent& e : page.items) {
            seen.push_back(e.at);
        }
        cursor = page.next;
    } while (cursor);
    EXPECT_EQ(seen, (std::vector<UnixMillis>{5'000, 3'000, 3'000, 2'000, 1'000}));
    const auto all = w.read([&](Snapshot& s) {
        return corp_events(s, w.daemon(), {0, 100}).items;
    });
    EXPECT_EQ(all.size(), 5U);
    const auto tail =
        w.read([&](Snapshot& s) { return corp_events_after(s, w.daemon(), all[2].id, 100); });
    EXPECT_EQ(tail.size(), 2U);
}

TEST_F(ContactTest, the_timeline_shows_only_what_is_looked_for) {
    const ContactId id = make("wm1");
    const auto told = w.write([&](Transaction& tx) -> Result<int> {
        UnixMillis at = 1'000;
        for (const auto* kind : {"note", "tagged", "lead_opened", "note", "push", "untagged"}) {
            add_event(tx, w.ids, {w.corp, id, {}, {}, at += 1'000, kind});
        }
        return 0;
    });
    ASSERT_TRUE(told);
    std::vector<std::string> seen;
    std::optional<TimelineCursor> cursor;
    do {
        const auto page = w.read([&](Snapshot& s) {
            return timeline_of(s, w.daemon(), id, cursor, 2, kinds_about("tag"));
        });
        for (const TimelineEvent& e : page.items) {
            seen.push_back(e.kind);
        }
        cursor = page.next;
    } while (cursor);
    EXPECT_EQ(seen, (std::vector<std::string>{"untagged", "tagged"}));
    EXPECT_TRUE(kinds_about("weather").empty());
}

// One member talked with both: the merged contact waits for an answer if its last words say so.
TEST_F(ContactTest, merging_keeps_who_spoke_last) {
    w.take(1'000, CrmWorld::add("ann", "wm1"));
    w.take(1'000, CrmWorld::add("ann", "wm2"));
    w.take(5'000, MessagesSeen{"c", "ann", "wm1", "", 0, 2, 4'000, 5'000, "m1", false, {}});
    w.take(9'000, MessagesSeen{"d", "ann", "wm2", "", 3, 0, 8'000, 9'000, "m2", true, {}});
    const ContactId into = w.friend_id("wm1");
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
        merge_contact_rows(tx, w.services(), w.corp, w.friend_id("wm2"), into, 10'000);
        return {};
    }));
    const auto chats = w.read([&](Snapshot& s) { return chats_of(s, w.daemon(), into); });
    ASSERT_EQ(chats.size(), 1U);
    EXPECT_EQ(chats[0].from_contact, 3);
    EXPECT_EQ(chats[0].from_member, 2);
    EXPECT_EQ(chats[0].first_ms, 4'000);
    EXPECT_EQ(chats[0].last_ms, 9'000);
    EXPECT_TRUE(chats[0].last_from_contact);
}

}  // namespace
}  // namespace leadbridge::crm
