// A member's newest conversations: the same as asked of the database, page by page, while messages
// come in, and only theirs.

#include "archive/recent_conversations.h"

#include <gtest/gtest.h>

#include <random>

#include "archive/conversation_list.h"
#include "tests/archive/archive_world.h"

namespace leadbridge::archive {
namespace {

struct RecentConversationsTest : ::testing::Test {
    ArchiveWorld w;
    RecentConversations recent;
    const MessageStore::Scope li{false, {"li.si"}};
    const MessageStore::Scope both{false, {"li.si", "zhang.san"}};
    std::int64_t n = 0;

    template <class F>
    auto read(F fn) {
        using T = std::invoke_result_t<F, Snapshot&>;
        return w.archive.db().read<T>([&](Snapshot& s) -> Result<T> { return fn(s); }).value();
    }

    // One message in a conversation, as MessageSlice leaves the tables.
    void say(std::int64_t conversation, UnixMillis at, const std::string& who) {
        ++n;
        (void)w.archive.db().write<int>([&](Transaction& tx) -> Result<int> {
            tx.execute(
                "INSERT INTO conversation(id, corp_id, key, kind, userid, external_userid, roomid, "
                "first_ms, last_ms, messages, last_from_contact) VALUES(?, ?, ?, 1, '', '', '', 0, "
                "?, 0, 0) ON CONFLICT(id) DO UPDATE SET last_ms = CASE WHEN excluded.last_ms > "
                "conversation.last_ms THEN excluded.last_ms ELSE conversation.last_ms END",
                {conversation, w.corp, "s:" + std::to_string(conversation), at}
            );
            tx.execute(
                "INSERT INTO conversation_participant(corp_id, participant, conversation_id, side) "
                "VALUES(?, ?, ?, 1) ON CONFLICT DO NOTHING",
                {w.corp, who, conversation}
            );
            tx.execute(
                "INSERT INTO message(id, corp_id, seq, msgid, at_ms, conversation_id, type, "
                "action, sender, side, summary, body, n) VALUES(?, ?, ?, ?, ?, ?, 'text', 'send', "
                "?, 1, ?, ?, ?)",
                {n,
                 w.corp,
                 n,
                 "m" + std::to_string(n),
                 at,
                 conversation,
                 who,
                 Blob{""},
                 Blob{""},
                 n}
            );
            return 0;
        });
    }

    std::vector<std::int64_t> asked(const MessageStore::Scope& scope, std::size_t most) {
        return read([&](Snapshot& s) {
            std::vector<std::int64_t> ids;
            for (const ConversationView& one : list_conversations(s, w.corp, scope, {}, most)) {
                ids.push_back(one.id.value);
            }
            return ids;
        });
    }

    std::optional<std::vector<std::int64_t>> known(
        const MessageStore::Scope& scope, std::size_t most, const ConversationQuery& query = {}
    ) {
        return read([&](Snapshot& s) { return recent.page(s, w.corp, scope, query, most); });
    }
};

TEST_F(RecentConversationsTest, FollowsWhatIsSaidAndShowsNobodyElses) {
    std::mt19937_64 rng(3);
    EXPECT_EQ(known(li, 51), std::vector<std::int64_t>{});
    for (int i = 0; i < 1'200; ++i) {
        const auto conversation = static_cast<std::int64_t>(rng() % 600 + 1);
        // Late ones come in between; each conversation is one member's.
        const auto at = static_cast<UnixMillis>(i * 10 + rng() % 2'000);
        say(conversation, at, conversation % 2 == 0 ? "li.si" : "zhang.san");
        if (i % 40 == 0) {
            EXPECT_EQ(known(li, 51), asked(li, 51)) << i;
            EXPECT_EQ(known(both, 51), asked(both, 51)) << i;
        }
    }
    EXPECT_EQ(known(li, 51), asked(li, 51));
    const std::vector<std::int64_t> mine = known(li, 51).value();
    EXPECT_EQ(mine.size(), 51U);
    for (const std::int64_t id : mine) {
        EXPECT_EQ(id % 2, 0);
    }
    EXPECT_EQ(recent.size(), 2U);
}

TEST_F(RecentConversationsTest, PagesGoOnAndEndWhereItKnowsNoMore) {
    for (int i = 1; i <= 300; ++i) {
        say(i, i * 10, "li.si");
    }
    ConversationQuery query;
    query.limit = 50;
    auto all = asked(li, 300);
    EXPECT_EQ(known(li, 51), std::vector<std::int64_t>(all.begin(), all.begin() + 51));
    query.before_ms = 251 * 10;
    query.before_id = 251;
    EXPECT_EQ(known(li, 51, query), std::vector<std::int64_t>(all.begin() + 50, all.begin() + 101));
    query.before_ms = query.before_id = 105;
    query.before_ms *= 10;
    EXPECT_FALSE(known(li, 51, query).has_value()) << "beyond what is kept: the database knows";
    // Many at once, and another archive in this one's place.
    for (int i = 1; i <= 1'001; ++i) {
        say(i % 7 + 1, 10'000 + i, "li.si");
    }
    EXPECT_EQ(known(li, 51), asked(li, 51));
    (void)w.archive.db().write<int>([&](Transaction& tx) -> Result<int> {
        tx.execute("DELETE FROM message WHERE corp_id = ?", {w.corp});
        tx.execute("DELETE FROM conversation WHERE corp_id = ? AND id > 3", {w.corp});
        return 0;
    });
    EXPECT_FALSE(known(li, 51).has_value());
    EXPECT_EQ(known(li, 51), asked(li, 51));
    EXPECT_EQ(known(li, 51)->size(), 3U);
}

// A look that reads the list again would miss it: the row is gone, and no message says so.
TEST_F(RecentConversationsTest, ALookReadsWhatIsNewOnly) {
    for (int i = 1; i <= 5; ++i) {
        say(i, i * 10, "li.si");
    }
    EXPECT_EQ(known(li, 51)->size(), 5U);
    (void)w.archive.db().write<int>([&](Transaction& tx) -> Result<int> {
        tx.execute("DELETE FROM conversation WHERE corp_id = ? AND id = 2", {w.corp});
        return 0;
    });
    say(6, 100, "li.si");
    EXPECT_EQ(known(li, 51), (std::vector<std::int64_t>{6, 5, 4, 3, 2, 1}));
}

}  // namespace
}  // namespace leadbridge::archive
