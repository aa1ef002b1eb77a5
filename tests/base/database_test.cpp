#include "base/database.h"

#include <gtest/gtest.h>

#include "base/change_log.h"
#include "tests/base/temp_database.h"

namespace leadbridge {
namespace {

constexpr Migration note_migrations[] = {
    {1,
     "CREATE TABLE note(id INTEGER PRIMARY KEY, corp_id INTEGER NOT NULL, text TEXT NOT NULL);"
     "CREATE UNIQUE INDEX note_text ON note(corp_id, text);"},
};
const std::vector<RoomMigrations> note_room = {{"notes", note_migrations}};

Result<bool> add_note(Transaction& tx, std::string_view text) {
    tx.execute("INSERT INTO note(corp_id, text) VALUES(?,?)", {1, text});
    return true;
}

std::int64_t notes(Database& db) {
    return *db.read<std::int64_t>([](Snapshot& s) -> Result<std::int64_t> {
        return s.number("SELECT COUNT(*) FROM note");
    });
}

TEST(Database, WriteIsSeenByALaterRead) {
    TempDatabase t(note_room);
    ASSERT_TRUE(t.db().write<bool>([](Transaction& tx) { return add_note(tx, "one"); }));
    EXPECT_EQ(notes(t.db()), 1);
}

TEST(Database, AnErrorResultRollsBack) {
    TempDatabase t(note_room);
    auto result = t.db().write<bool>([](Transaction& tx) -> Result<bool> {
        static_cast<void>(add_note(tx, "one"));
        tx.changed({CorpId{1}, "note", 1, "created"});
        return Error{ErrorCode::rule_broken, "no"};
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::rule_broken);
    EXPECT_EQ(notes(t.db()), 0);
    EXPECT_EQ(t.db().stats().last_change, 0);
}

}  // namespace
}  // namespace leadbridge
