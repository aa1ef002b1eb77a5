// Runs the table tests/data/lead_cases.json: each case as given with every touch told twice, and,
// where the case says that order does not matter, in shuffled orders with random duplicates. Every
// run has a corp of its own.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <random>
#include <sstream>
#include <tuple>

#include "base/json.h"
#include "crm/leads/lead.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

constexpr UnixMillis start = 1'770'000'000'000;
constexpr int shuffles = 24;

json::array load_cases() {
    std::ifstream file(std::string(LEADBRIDGE_TEST_DATA) + "/lead_cases.json");
    std::stringstream text;
    text << file.rdbuf();
    return parse_json(text.str()).value().as_object().at("cases").as_array();
}

UnixMillis time_of(const json::object& step) {
    return start + json_int(step, "s") * second + json_int(step, "d") * day;
}

// One corp in which one order of one case is played.
struct Play {
    explicit Play(CrmWorld& world, std::int64_t corp) : w(world) {
        w.corp = CorpId{corp};
        tags["hall"] = w.tag("hall");
        tags["vip"] = w.tag("vip", TagKind::wecom, "et-vip");
        tags["fair"] = w.tag("fair");
        tags["site"] = w.tag("site");
        for (const char* userid : {"dan", "cat", "bob", "ann"}) {
            w.member(userid);
        }
        channels.emplace("hall", w.channel("hall", {"ann", "bob"}, {tags["hall"], tags["vip"]}));
        channels.emplace("fair", w.channel("fair", {"ann", "bob"}, {tags["fair"]}));
    }

    std::string state_of(const json::object& o) const {
        const auto it = channels.find(json_string(o, "channel"));
        return it == channels.end() ? json_string(o, "state") : it->second.state;
    }

    ContactId find(std::string_view who) {
        const auto named = [&](std::string_view prefix,
                               IdentityKind kind) -> std::optional<ContactId> {
            if (!who.starts_with(prefix)) {
                return std::nullopt;
            }
            return w.contact_id(kind, who.substr(prefix.size()));
        };
        if (const auto id = named("phone:", IdentityKind::phone)) {
            return *id;
        }
        if (const auto id = named("email:", IdentityKind::email)) {
            return *id;
        }
        return w.friend_id(who);
    }

    TouchBody form(const json::object& o) {
        FormSubmitted body;
        const bool partner = json_string(o, "form") == "partner";
        body.source_id = partner ? 2 : 1;
        body.form_name = json_string(o, "form");
        body.name = json_string(o, "name");
        if (partner) {
            body.owner_userid = "dan";
        } else {
            body.tag_ids = {tags["site"].str()};
        }
        for (const auto& [key, kind] :
             {std::pair{"phone", IdentityKind::phone},
              {"email", IdentityKind::email},
              {"unionid", IdentityKind::unionid},
              {"external", IdentityKind::external_userid}}) {
            if (o.contains(key)) {
                body.identities.push_back({kind, json_string(o, key)});
            }
        }
        return body;
    }

    TouchBody fetch(const json::object& o) {
        ContactFetched body;
        body.external_userid = json_string(o, "contact");
        body.name = json_string(o, "name");
        body.unionid = json_string(o, "unionid");
        body.whole = true;
        for (const json::value& value : o.at("follows").as_array()) {
            const json::object& f = value.as_object();
            FollowFact fact;
            fact.userid = json_string(f, "member");
            fact.created_ms = start + json_int(f, "created_s") * second;
            fact.state = state_of(f);
            if (const json::array* mobiles = json_array(f, "mobiles")) {
                for (const json::value& mobile : *mobiles) {
                    fact.remark_mobiles.emplace_back(mobile.as_string());
                }
            }
            body.follows.push_back(fact);
        }
        return body;
    }

    TouchBody body_of(const json::object& step) {
        if (const json::object* o = json_object(step, "add")) {
            FriendAdded body =
                CrmWorld::add(json_string(*o, "member"), json_string(*o, "contact"), state_of(*o));
            body.half = json_bool(*o, "half");
            return body;
        }
        if (const json::object* o = json_object(step, "lost")) {
            const std::string by = json_string(*o, "by");
            return FriendLost{
                json_string(*o, "member"),
                json_string(*o, "contact"),
                by == "contact" ? LostBy::contact_deleted
                                : (by == "member" ? LostBy::member_deleted : LostBy::transferred)};
        }
        if (const json::object* o = json_object(step, "form")) {
            return form(*o);
        }
        if (const json::object* o = json_object(step, "fetch")) {
            return fetch(*o);
        }
        const json::object& o = step.at("chat").as_object();
        MessagesSeen body;
        body.userid = json_string(o, "member");
        body.external_userid = json_string(o, "contact");
        body.conversation = body.userid + "|" + body.external_userid;
        body.from_contact = static_cast<int>(json_int(o, "from_contact"));
        body.from_member = static_cast<int>(json_int(o, "from_member"));
        body.first_ms = body.last_ms = time_of(step);
        return body;
    }

    void act(const json::object& o) {
        LeadFilter filter;
        filter.contact = find(json_string(o, "contact"));
        const auto open =
            w.read([&](Snapshot& s) { return list_leads(s, w.daemon(), filter, {}).items; });
        ASSERT_FALSE(open.empty());
        const LeadId id = open.front().id;
        const std::string what = json_string(o, "do");
        LeadDesk desk(w.services());
        const MemberId to = w.member(json_string(o, "to"));
        const Status done = w.write([&](Transaction& tx) -> Status {
            if (what == "convert") {
                return desk.convert(tx, w.daemon(), id, {});
            }
            if (what == "assign") {
                return desk.assign(tx, w.daemon(), id, to, {});
            }
            return what == "return" ? desk.give_back(tx, w.daemon(), id, "no time", {})
                                    : desk.invalidate(tx, w.daemon(), id, "spam", {});
        });
        ASSERT_TRUE(done.has_value()) << done.error().message;
    }

    void step(const json::object& step, std::size_t index) {
        w.clock().set(time_of(step));
        if (const json::object* o = json_object(step, "act")) {
            act(*o);
        } else {
            w.take(w.touch(time_of(step), body_of(step), "step" + std::to_string(index)));
        }
    }

    std::string source_name(const LeadSource& source) const {
        for (const auto& [name, channel] : channels) {
            if (source.kind == "channel" && channel.id == source.channel) {
                return name;
            }
        }
        return source.kind;
    }

    std::string describe(const Lead& lead, const json::object& want) {
        std::string out = std::string(to_string(lead.status)) + " owner=" + w.userid(lead.owner) +
                          " first=" + source_name(lead.first_source) +
                          " last=" + source_name(lead.last_source);
        out += want.contains("raw") ? " raw=" + lead.first_source.raw : "";
        out += want.contains("reason") ? " reason=" + lead.reason : "";
        out += want.contains("opened_s")
                   ? " opened=" + std::to_string((lead.opened_ms - start) / second)
                   : "";
        return out + (lead.linked ? " linked" : "");
    }

    static std::string describe(const json::object& want) {
        std::string out = json_string(want, "status") + " owner=" + json_string(want, "owner") +
                          " first=" + json_string(want, "first") +
                          " last=" + json_string(want, "last");
        out += want.contains("raw") ? " raw=" + json_string(want, "raw") : "";
        out += want.contains("reason") ? " reason=" + json_string(want, "reason") : "";
        out += want.contains("opened_s") ? " opened=" + std::to_string(json_int(want, "opened_s"))
                                         : "";
        return out + (json_bool(want, "linked") ? " linked" : "");
    }

    void check_leads(const json::object& expected) {
        std::vector<Lead> leads = w.leads();
        // By contact, then by the time they opened; a linked one comes last.
        std::sort(leads.begin(), leads.end(), [](const Lead& a, const Lead& b) {
            return std::tuple(a.linked.value != 0, a.opened_ms, a.contact) <
                   std::tuple(b.linked.value != 0, b.opened_ms, b.contact);
        });
        const json::array& wanted = expected.at("leads").as_array();
        ASSERT_EQ(leads.size(), wanted.size());
        for (std::size_t i = 0; i < leads.size(); ++i) {
            const json::object& want = wanted[i].as_object();
            EXPECT_EQ(leads[i].contact, find(json_string(want, "contact")));
            EXPECT_EQ(describe(leads[i], want), describe(want));
        }
    }

    void check_tags_and_friends(const json::object& expected) {
        if (const json::object* tagged = json_object(expected, "tags")) {
            for (const auto& member : *tagged) {
                std::vector<std::string> want;
                for (const json::value& name : member.value().as_array()) {
                    want.emplace_back(name.as_string());
                }
                EXPECT_EQ(w.tag_names(find(member.key())), want) << member.key();
            }
        }
        if (const json::object* friends = json_object(expected, "friends")) {
            for (const auto& member : *friends) {
                std::map<std::string, std::string> got;
                for (const Follow& f : w.follows(find(member.key()))) {
                    constexpr std::array words = {
                        "member_deleted", "contact_deleted", "transferred", "gone"};
                    got[f.userid] =
                        f.half ? "half"
                               : (f.live ? "live" : words[static_cast<std::size_t>(f.ended_by)]);
                }
                std::map<std::string, std::string> want;
                for (const auto& one : member.value().as_object()) {
                    want[one.key()] = std::string(one.value().as_string());
                }
                EXPECT_EQ(got, want) << member.key();
            }
        }
    }

    // What must hold in every case.
    void check_always() {
        EXPECT_EQ(
            w.number(
                "SELECT COUNT(*) FROM (SELECT contact_id FROM lead WHERE corp_id = ? AND status <= "
                "2 GROUP BY contact_id "
                "HAVING COUNT(*) > 1) many",
                {w.corp}
            ),
            0
        ) << "more than one open lead";
        EXPECT_EQ(
            w.number(
                "SELECT COUNT(*) FROM tag t WHERE t.corp_id = ? AND t.uses <> (SELECT COUNT(*) "
                "FROM contact_tag ct WHERE "
                "ct.corp_id = t.corp_id AND ct.tag_id = t.id)",
                {w.corp}
            ),
            0
        ) << "a tag's uses are wrong";
        for (const Lead& lead : w.leads()) {
            if (is_open(lead.status)) {
                EXPECT_EQ(w.contact(lead.contact).owner, lead.owner);
            }
        }
    }

    void check(const json::object& expected) {
        check_leads(expected);
        check_tags_and_friends(expected);
        check_always();
        if (expected.contains("contacts")) {
            EXPECT_EQ(
                w.number(
                    "SELECT COUNT(*) FROM contact WHERE corp_id = ? AND merged_into = 0", {w.corp}
                ),
                json_int(expected, "contacts")
            );
        }
    }

    CrmWorld& w;
    std::map<std::string, TagId> tags;
    std::map<std::string, Channel> channels;
};

struct LeadCases : ::testing::Test {
    CrmWorld w;
    std::int64_t corp = 100;

    void play(const json::object& one, const std::vector<std::size_t>& order) {
        std::string told;
        for (const std::size_t i : order) {
            told += " " + std::to_string(i);
        }
        SCOPED_TRACE(json_string(one, "name") + " | order:" + told);
        Play run(w, ++corp);
        for (const std::size_t i : order) {
            run.step(one.at("steps").as_array()[i].as_object(), i);
        }
        run.check(one);
    }
};

TEST_F(LeadCases, the_table_holds_as_given_and_with_every_touch_told_twice) {
    const json::array cases = load_cases();
    ASSERT_GE(cases.size(), 16U);
    for (const json::value& value : cases) {
        const json::object& one = value.as_object();
        const json::array& steps = one.at("steps").as_array();
        std::vector<std::size_t> once;
        std::vector<std::size_t> twice;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            once.push_back(i);
            twice.insert(twice.end(), steps[i].as_object().contains("act") ? 1U : 2U, i);
        }
        play(one, once);
        play(one, twice);
        if (HasFatalFailure()) {
            return;
        }
    }
}

TEST_F(LeadCases, where_order_does_not_matter_it_does_not) {
    std::mt19937 random(20'260'101);
    for (const json::value& value : load_cases()) {
        const json::object& one = value.as_object();
        if (json_string(one, "order") != "any") {
            continue;
        }
        const std::size_t n = one.at("steps").as_array().size();
        for (int run = 0; run < shuffles && !HasFailure(); ++run) {
            std::vector<std::size_t> order;
            for (std::size_t i = 0; i < n; ++i) {
                order.insert(order.end(), 1 + random() % 3, i);
            }
            std::shuffle(order.begin(), order.end(), random);
            play(one, order);
        }
    }
}

}  // namespace
}  // namespace leadbridge::crm
