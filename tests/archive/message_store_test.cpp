#include "archive/message_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <tuple>

#include "archive/conversation_list.h"
#include "tests/archive/archive_world.h"
#include "tests/base/plan_watch.h"

namespace leadbridge::archive {
namespace {

struct StoreWorld : ArchiveWorld {
    StoreWorld() {
        for (int i = 0; i < 7; ++i) {
            source.say(
                text_json("a" + std::to_string(i), "zhang.san", sample_contact, "给安娜", 1'000 + i)
            );
        }
        source.say(text_json("b0", "li.si", sample_contact, "李四也在", 3'000));
        source.say(text_json("c0", "li.si", other_contact, "给伯特", 2'000));
        source.say(text_json("d0", sample_contact, "zhang.san", "群里", 4'000, "wrSAMPLEROOM"));
        source.say(text_json("e0", "zhang.san", "li.si", "内部", 5'000));
        pull_all();
    }

    crm::Viewer everyone() { return crm::Viewer::daemon(corp); }

    crm::Viewer limited(std::vector<std::string> userids) {
        visible = std::move(userids);
        return {corp, crm::MemberId{5}, crm::Scope::self, "member:5"};
    }

    std::vector<ConversationView> conversations(
        const crm::Viewer& viewer, ConversationQuery query = {}
    ) {
        return store.conversations(viewer, query).value().items;
    }
};

TEST(MessageStore, ConversationsComeNewestFirstPageByPage) {
    StoreWorld w;
    ConversationQuery query;
    query.limit = 2;
    std::vector<ConversationView> all;
    for (;;) {
        const auto page = w.store.conversations(w.everyone(), query).value();
        all.insert(all.end(), page.items.begin(), page.items.end());
        if (!page.more) {
            break;
        }
        query.before_ms = page.items.back().last_ms;
        query.before_id = page.items.back().id.value;
    }
    ASSERT_EQ(all.size(), 5U);
    EXPECT_EQ(all[0].kind, ConversationKind::internal);
    EXPECT_EQ(all[1].roomid, "wrSAMPLEROOM");
    EXPECT_EQ(all[4].messages, 7);
    EXPECT_EQ(all[4].last_summary, "给安娜");
    EXPECT_EQ(all[4].userid, "zhang.san");
}

TEST(MessageStore, ConversationsAreFilteredByKindAndPerson) {
    StoreWorld w;
    ConversationQuery query;
    query.kind = ConversationKind::single;
    EXPECT_EQ(w.conversations(w.everyone(), query).size(), 3U);
    query.kind.reset();
    query.participant = sample_contact;
    EXPECT_EQ(w.conversations(w.everyone(), query).size(), 3U);
    query.participant = "LI.SI";
    EXPECT_EQ(w.conversations(w.everyone(), query).size(), 3U);
    query.participant = "nobody";
    EXPECT_TRUE(w.conversations(w.everyone(), query).empty());
}

// 3,000 conversations: most with one member, a third with another too, a few with a third.
TEST(MessageStore, APersonsListWalksTheirsOrTheOrderAndIsTheSame) {
    ArchiveWorld w;
    (void)w.archive.db().write<int>([&](Transaction& tx) -> Result<int> {
        for (int i = 1; i <= 3'000; ++i) {
            tx.execute(
                "INSERT INTO conversation(id, corp_id, key, kind, userid, external_userid, roomid, "
                "first_ms, last_ms, messages, last_from_contact) VALUES(?, ?, ?, 4, '', '', '', 0, "
                "?, 0, 0)",
                {i, w.corp, "o:" + std::to_string(i), i * 7'919 % 1'000}
            );
            for (const auto& [who, every] : {std::pair{"busy", 1}, {"half", 3}, {"rare", 100}}) {
                if (i % every == 0) {
                    tx.execute(
                        "INSERT INTO conversation_participant(corp_id, participant, "
                        "conversation_id, side) VALUES(?, ?, ?, 1)",
                        {w.corp, who, i}
                    );
                }
            }
        }
        return 0;
    });
    const auto list = [&](std::vector<std::string> scope, const std::string& participant) {
        std::vector<std::pair<UnixMillis, std::int64_t>> out;
        ConversationQuery query;
        query.participant = participant;
        const bool all = scope.empty();
        std::string plans;
        (void)w.archive.db().write<int>([&](Transaction& tx) -> Result<int> {
            PlanWatch watch(tx);
            Snapshot& s = test_engine() == Engine::sqlite ? static_cast<Snapshot&>(watch) : tx;
            while (true) {
                const auto page = list_conversations(s, w.corp, {all, scope}, query, 700);
                for (const ConversationView& one : page) {
                    out.emplace_back(one.last_ms, one.id.value);
                }
                if (page.size() < 700) {
                    break;
                }
                std::tie(query.before_ms, query.before_id) = out.back();
            }
            plans = watch.plans();
            return 0;
        });
        EXPECT_TRUE(std::ranges::is_sorted(out, std::greater())) << participant;
        EXPECT_EQ(std::ranges::adjacent_find(out), out.end());
        return std::pair{out.size(), plans};
    };
    EXPECT_EQ(list({}, "").first, 3'000U);
    EXPECT_EQ(list({"busy"}, "").first, 3'000U);
    EXPECT_EQ(list({"half"}, "Busy").first, 1'000U);
    EXPECT_EQ(list({"busy"}, "rare").first, 30U);
    EXPECT_EQ(list({"half", "rare"}, "").first, 1'020U);
    EXPECT_EQ(list({"nobody"}, "").first, 0U);
    if (test_engine() == Engine::sqlite) {
        const std::string order = "conversation_recent";
        EXPECT_NE(list({"busy"}, "").second.find(order), std::string::npos);
        EXPECT_EQ(list({"rare"}, "").second.find(order), std::string::npos)
            << "thirty conversations of three thousand are not met by walking all";
        EXPECT_EQ(list({"rare"}, "busy").second.find(order), std::string::npos);
    }
}

TEST(MessageStore, AViewerSeesTheConversationsOfTheirScopeOnly) {
    StoreWorld w;
    const auto own = w.conversations(w.limited({"Li.Si"}));
    ASSERT_EQ(own.size(), 3U);
    for (const auto& conversation : w.conversations(w.everyone())) {
        const bool mine =
            std::ranges::any_of(own, [&](const auto& c) { return c.id == conversation.id; });
        EXPECT_EQ(w.store.conversation(w.limited({"li.si"}), conversation.id).has_value(), mine);
        EXPECT_EQ(w.store.messages(w.limited({"li.si"}), conversation.id, {}).has_value(), mine);
    }
    EXPECT_EQ(
        w.store.messages_with(w.limited({"li.si"}), {sample_contact}, {}).value().items.size(), 1U
    );
    const auto hidden = w.with(sample_contact).back();
    EXPECT_EQ(w.store.message(w.limited({"li.si"}), hidden.id).error().code, ErrorCode::not_found);
    EXPECT_TRUE(w.store.message(w.limited({"zhang.san"}), hidden.id).has_value());
}

TEST(MessageStore, AScopeWithoutAnybodySeesNothing) {
    StoreWorld w;
    EXPECT_TRUE(w.conversations(w.limited({})).empty());
    EXPECT_TRUE(w.store.messages_with(w.limited({}), {sample_contact}, {}).value().items.empty());
}

TEST(MessageStore, AnotherCorpSeesNothing) {
    StoreWorld w;
    const auto other = crm::Viewer::daemon(CorpId{999});
    EXPECT_TRUE(w.conversations(other).empty());
    const auto id = w.conversations(w.everyone()).at(0).id;
    EXPECT_FALSE(w.store.messages(other, id, {}).has_value());
}

TEST(MessageStore, MessagesOfAConversationPageBothWays) {
    StoreWorld w;
    const auto id = w.conversations(w.everyone()).back().id;
    MessageQuery query;
    query.limit = 3;
    auto page = w.store.messages(w.everyone(), id, query).value();
    ASSERT_EQ(page.items.size(), 3U);
    EXPECT_EQ(page.items[0].msgid, "a6");
    EXPECT_TRUE(page.more);
    query.before_seq = page.items.back().seq;
    page = w.store.messages(w.everyone(), id, query).value();
    EXPECT_EQ(page.items[0].msgid, "a3");
    query = {};
    query.after_seq = page.items[0].seq;
    page = w.store.messages(w.everyone(), id, query).value();
    ASSERT_EQ(page.items.size(), 3U);
    EXPECT_EQ(page.items[0].msgid, "a4");
    EXPECT_FALSE(page.more);
    EXPECT_EQ(page.items[0].content, R"({"content":"给安娜"})");
    EXPECT_EQ(page.items[0].raw, "");
}

TEST(MessageStore, MessagesWithAPersonAreMergedOverMembers) {
    StoreWorld w;
    MessageQuery query;
    query.limit = 2;
    auto page = w.store
                    .messages_with(
                        w.everyone(), {sample_contact, "wmUNKNOWN0000000000000000000000x"}, query
                    )
                    .value();
    ASSERT_EQ(page.items.size(), 2U);
    EXPECT_EQ(page.items[0].msgid, "b0");
    EXPECT_EQ(page.items[1].msgid, "a6");
    EXPECT_TRUE(page.more);
    EXPECT_EQ(w.with(sample_contact).size(), 8U);
    EXPECT_EQ(w.with(sample_contact, Groups::with).size(), 9U);
}

TEST(MessageStore, OneMessageComesWithItsRawText) {
    StoreWorld w;
    const auto id = w.with(sample_contact).at(0).id;
    const auto message = w.store.message(w.everyone(), id).value();
    EXPECT_NE(message.raw.find("\"msgid\":\"b0\""), std::string::npos);
}

TEST(MessageStore, AMovedSealDoesNotOpen) {
    StoreWorld w;
    w.archive.db()
        .write<bool>([](Transaction& tx) -> Result<bool> {
            tx.execute(
                "UPDATE message SET body = (SELECT body FROM message WHERE msgid = 'a0') WHERE "
                "msgid = 'b0'"
            );
            return true;
        })
        .value();
    const auto id = w.with(sample_contact).at(0).id;
    EXPECT_EQ(w.store.message(w.everyone(), id).value().raw, "");
}

}  // namespace
}  // namespace leadbridge::archive
