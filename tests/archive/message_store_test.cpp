#include "archive/message_store.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/archive/archive_world.h"

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
