// SQL, bitmaps and the look at one contact agree, on random data and random conditions, also after
// changes.
#include <algorithm>

#include "crm/nurture/condition_match.h"
#include "crm/nurture/condition_sql.h"
#include "crm/nurture/segment.h"
#include "tests/crm/nurture_world.h"

namespace leadbridge::crm {
namespace {

class RandomCorp : public NurtureWorld {
public:
    explicit RandomCorp(std::uint64_t seed) : random(seed) {
        clock().set(1'800'000'000'000);
        write([&](Transaction& tx) {
            for (int i = 0; i < 6; ++i) {
                members.push_back(add_member(tx, "m" + std::to_string(i)));
            }
            for (int i = 0; i < 12; ++i) {
                tags.push_back(add_tag(tx, "tag" + std::to_string(i)));
            }
            for (int i = 0; i < 150; ++i) {
                contacts.push_back(random_contact(tx, i));
            }
        });
    }

    std::int64_t pick(std::int64_t n) {
        return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(n)));
    }

    bool chance(int percent) { return pick(100) < percent; }

    MemberId member() { return members[static_cast<std::size_t>(pick(6))]; }

    TagId some_tag() { return tags[static_cast<std::size_t>(std::min(pick(12), pick(12)))]; }

    ContactId contact() { return contacts[static_cast<std::size_t>(pick(150))]; }

    ChannelId channel() { return ChannelId{pick(4)}; }

    UnixMillis recently() { return clock().now() - pick(20) * 86'400'000 + pick(3) - 1; }

    ContactId random_contact(Transaction& tx, int i) {
        static const std::vector<std::string> stages{"", "quoted", "contacted", "trial"};
        static const std::vector<std::string> names{
            "Ann 50%", "ann_b", "Bob\\x", "李雷", "Éva", "ANNA"};
        const ContactId id = add_contact(
            tx,
            {.owner = chance(60) ? member() : MemberId{},
             .stage = stages[static_cast<std::size_t>(pick(4))],
             .name = names[static_cast<std::size_t>(pick(6))],
             .gender = static_cast<int>(pick(3)),
             .last_ms = chance(80) ? recently() : 0}
        );
        for (std::int64_t n = pick(6); n > 0; --n) {
            tag(tx, id, some_tag());
        }
        for (std::size_t m = 0; m < members.size(); ++m) {
            if (chance(25)) {
                const UnixMillis added = chance(90) ? recently() : 0;
                add_follow(
                    tx,
                    id,
                    members[m],
                    "ext" + std::to_string(i),
                    added,
                    chance(30) ? recently() : 0,
                    channel()
                );
            }
        }
        if (chance(40)) {
            add_lead(tx, id, static_cast<int>(pick(3)), recently(), channel());
        }
        for (std::int64_t n = pick(3); n > 0; --n) {
            add_lead(tx, id, 3 + static_cast<int>(pick(2)), recently(), channel());
        }
        for (std::int64_t n = pick(5); n > 0; --n) {
            add_timeline(tx, id, chance(50) ? "messages_seen" : "form_submitted", recently());
        }
        if (chance(30)) {
            tx.execute(
                "INSERT INTO identity(corp_id, kind, value, contact_id, added_ms) VALUES (?, 3, ?, "
                "?, 0)",
                {corp, "86138000" + std::to_string(10'000 + i), id}
            );
        }
        return id;
    }

    void change_something() {
        write([&](Transaction& tx) {
            const ContactId id = contact();
            switch (pick(6)) {
                case 0:
                    tag(tx, id, some_tag());
                    break;
                case 1:
                    untag(tx, id, some_tag());
                    break;
                case 2:
                    tx.execute(
                        "UPDATE contact SET owner = ?, stage = 'quoted' WHERE corp_id = ? AND id = "
                        "?",
                        {member(), corp, id}
                    );
                    tx.changed({corp, "contact", id.value, "updated"});
                    break;
                case 3:
                    tx.execute(
                        "UPDATE contact SET merged_into = ? WHERE corp_id = ? AND id = ?",
                        {contact(), corp, id}
                    );
                    tx.changed({corp, "contact", id.value, "merged"});
                    break;
                case 4:
                    tx.execute(
                        "UPDATE lead SET status = 3, closed_ms = 5 WHERE corp_id = ? AND "
                        "contact_id = ?",
                        {corp, id}
                    );
                    tx.changed({corp, "contact", id.value, "updated"});
                    break;
                default: {
                    const TagId gone = some_tag();
                    tx.execute(
                        "DELETE FROM contact_tag WHERE corp_id = ? AND tag_id = ?", {corp, gone}
                    );
                    tx.changed({corp, "tag", gone.value, "deleted"});
                }
            }
        });
    }

    std::string random_field() {
        const auto fields = condition_fields();
        const ConditionField& field =
            fields[static_cast<std::size_t>(pick(static_cast<std::int64_t>(fields.size())))];
        auto term = [&](std::string_view op, const std::string& value) {
            return R"({"field":")" + std::string(field.name) + R"(","op":")" + std::string(op) +
                   R"(","value":)" + value + "}";
        };
        if (chance(15)) {
            return term("exists", chance(50) ? "true" : "false");
        }
        switch (field.kind) {
            case FieldKind::time: {
                const std::string at = R"("20)" + std::to_string(27) + R"(-01-)" +
                                       (pick(2) == 0 ? "05" : "14") + R"(T08:00:00Z")";
                return chance(40) ? term("within", "\"" + std::to_string(1 + pick(20)) + "d\"")
                                  : term(chance(50) ? "before" : "after", at);
            }
            case FieldKind::number:
                return term(
                    chance(30)   ? "gte"
                    : chance(50) ? "lte"
                                 : "ne",
                    std::to_string(pick(3))
                );
            case FieldKind::id: {
                const std::string one =
                    "\"" +
                    std::to_string(
                        field.name == "channel" || field.name == "source" ? pick(4) + 1
                                                                          : member().value
                    ) +
                    "\"";
                const std::string two = "\"" + std::to_string(member().value) + "\"";
                return chance(50) ? term(chance(50) ? "eq" : "ne", one)
                                  : term(chance(50) ? "in" : "not_in", "[" + one + "," + two + "]");
            }
            case FieldKind::text:
                break;
        }
        static const std::vector<std::string> words{
            "quoted", "trial", "ann", "50%", "_", "\\\\", "ANN", "李", "8613", "é"};
        static const std::vector<std::string> statuses{
            "unassigned", "new", "following", "converted", "invalid"};
        auto word = [&] {
            return field.words.empty() ? "\"" + words[static_cast<std::size_t>(pick(10))] + "\""
                                       : "\"" + statuses[static_cast<std::size_t>(pick(5))] + "\"";
        };
        switch (pick(4)) {
            case 0:
                return term("eq", word());
            case 1:
                return term("ne", word());
            case 2:
                return term(chance(50) ? "in" : "not_in", "[" + word() + "," + word() + "]");
            default:
                return field.words.empty() ? term("contains", word()) : term("eq", word());
        }
    }

    std::string random_condition(int depth) {
        if (depth > 1 && chance(60)) {
            if (chance(25)) {
                return R"({"not":)" + random_condition(depth - 1) + "}";
            }
            std::string text = chance(50) ? R"({"all":[)" : R"({"any":[)";
            for (std::int64_t n = pick(4), i = 0; i < n; ++i) {
                text += (i == 0 ? "" : ",") + random_condition(depth - 1);
            }
            return text + "]}";
        }
        if (chance(40)) {
            return R"({"tag":")" + some_tag().str() + "\"}";
        }
        if (chance(25)) {
            static const std::vector<std::string> counts{
                "",
                R"(,"count":{"gte":2})",
                R"(,"count":{"lte":1})",
                R"(,"count":{"gte":1,"lte":2})",
                R"(,"count":{"gte":0})"};
            return R"({"event":")" + std::string(chance(60) ? "messages_seen" : "form_submitted") +
                   "\"" +
                   (chance(60) ? R"(,"within":")" + std::to_string(1 + pick(19)) + "d\"" : "") +
                   counts[static_cast<std::size_t>(pick(5))] + "}";
        }
        return random_field();
    }

    SeededRng random;
    std::vector<MemberId> members;
    std::vector<TagId> tags;
    std::vector<ContactId> contacts;
};

std::vector<std::int64_t> by_sql(RandomCorp& world, const Condition& condition) {
    SqlText sql;
    sql.add("SELECT c.ord FROM contact c WHERE c.corp_id = ? AND c.merged_into = 0 AND ")
        .bind(world.corp.value);
    append_condition(sql, condition, world.clock().now());
    sql.add(" ORDER BY c.ord");
    return world.read<std::vector<std::int64_t>>([&](Snapshot& s) {
        return s.all(sql.sql(), sql.params(), [](const Row& row) { return row.integer(0); });
    });
}

std::vector<std::int64_t> by_look(RandomCorp& world, const Condition& condition) {
    return world.read<std::vector<std::int64_t>>([&](Snapshot& s) {
        std::vector<std::int64_t> out;
        for (ContactId id : world.contacts) {
            if (condition_matches(s, world.corp, id, condition, world.clock().now())) {
                out.push_back(s.number(
                    "SELECT ord FROM contact WHERE corp_id = ? AND id = ?", {world.corp, id}
                ));
            }
        }
        std::sort(out.begin(), out.end());
        return out;
    });
}

std::vector<std::int64_t> by_pages(RandomCorp& world, const Condition& condition) {
    return world.read<std::vector<std::int64_t>>([&](Snapshot& s) {
        std::vector<std::int64_t> out;
        Page page{0, 7};
        do {
            PageOf<Contact> got =
                contacts_where(s, world.daemon(), condition, page, world.clock().now());
            for (const Contact& c : got.items) {
                out.push_back(c.ord);
            }
            page.before = got.next;
        } while (page.before != 0);
        std::sort(out.begin(), out.end());
        return out;
    });
}

TEST(ConditionProperty, AllEvaluatorsAgree) {
    int mixed = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        RandomCorp world(seed);
        for (int round = 0; round < 60; ++round) {
            const std::string text = world.random_condition(4);
            Result<Condition> condition = parse_condition(text);
            ASSERT_TRUE(condition.has_value()) << text << "\n" << condition.error().message;
            const std::vector<std::int64_t> expected = by_sql(world, *condition);
            const std::vector<std::uint32_t> bits =
                world.bitmaps.select(world.corp, *condition).from(0, 1'000);
            ASSERT_EQ(std::vector<std::int64_t>(bits.begin(), bits.end()), expected) << text;
            ASSERT_EQ(by_look(world, *condition), expected) << text;
            ASSERT_EQ(by_pages(world, *condition), expected) << text;
            mixed += !expected.empty() && expected.size() < 140 ? 1 : 0;
            world.change_something();
        }
    }
    EXPECT_GT(mixed, 80);  // the conditions tell contacts apart
}

}  // namespace
}  // namespace leadbridge::crm
