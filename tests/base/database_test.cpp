#include "base/database.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/base/note_table.h"

namespace leadbridge {
namespace {

struct DatabaseTest : testing::Test {
    TempDatabase t{note_room};
    Database& db = t.db();
};

TEST_F(DatabaseTest, WriteIsSeenByALaterRead) {
    ASSERT_TRUE(db.write<bool>([](Transaction& tx) { return add_note(tx, "one"); }));
    EXPECT_EQ(notes(db), 1);
}

TEST_F(DatabaseTest, AnErrorResultRollsBackRowsChangesAndSignals) {
    bool signalled = false;
    auto result = db.write<bool>([&](Transaction& tx) -> Result<bool> {
        static_cast<void>(add_note(tx, "one"));
        tx.changed({CorpId{1}, "note", 1, "created"});
        tx.after_commit([&] { signalled = true; });
        return Error{ErrorCode::rule_broken, "no"};
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::rule_broken);
    EXPECT_EQ(notes(db), 0);
    EXPECT_EQ(db.stats().last_change, 0);
    EXPECT_FALSE(signalled);
}

TEST_F(DatabaseTest, AnExceptionRollsBackAndReachesTheCaller) {
    EXPECT_THROW(
        static_cast<void>(db.write<bool>([](Transaction& tx) -> Result<bool> {
            static_cast<void>(add_note(tx, "one"));
            throw std::out_of_range("mine");
        })),
        std::out_of_range
    );
    EXPECT_EQ(notes(db), 0);
    EXPECT_TRUE(db.write<bool>([](Transaction& tx) { return add_note(tx, "two"); }));
}

TEST_F(DatabaseTest, ConstraintsAndWrongSqlAreDifferentErrors) {
    ASSERT_TRUE(db.write<bool>([](Transaction& tx) { return add_note(tx, "one"); }));
    EXPECT_THROW(
        static_cast<void>(db.write<bool>([](Transaction& tx) { return add_note(tx, "one"); })),
        ConstraintViolation
    );
    const auto run = [&](std::string_view sql) {
        static_cast<void>(db.write<bool>([&](Transaction& tx) -> Result<bool> {
            tx.execute(sql);
            return true;
        }));
    };
    EXPECT_THROW(run("INSERT INTO nothing VALUES(1)"), DatabaseError);
    EXPECT_THROW(run("SELECT ?"), DatabaseError);  // a value too few
    EXPECT_THROW(run("SELECT \"text\""), DatabaseError);
    EXPECT_TRUE(db.stats().healthy);
}

TEST_F(DatabaseTest, AConstraintCaughtInsideTheWriteLeavesItUsable) {
    ASSERT_TRUE(db.write<bool>([](Transaction& tx) -> Result<bool> {
        static_cast<void>(add_note(tx, "one"));
        EXPECT_THROW(static_cast<void>(add_note(tx, "one")), ConstraintViolation);
        return add_note(tx, "two");
    }));
    EXPECT_EQ(notes(db), 2);
}

TEST_F(DatabaseTest, ValuesComeBackAsTheyWent) {
    const std::string zeros("a\0b", 3);
    auto ok = db.write<bool>([&](Transaction& tx) -> Result<bool> {
        const std::optional<std::int64_t> none;
        const std::optional<std::string> some = "some";
        return *tx.one(
            "SELECT ?,?,?,?,?,?,?,?",
            {INT64_MIN, 1.5, "引桥", Blob{zeros}, nullptr, std::string_view{}, none, some},
            [&](const Row& row) {
                return row.integer(0) == INT64_MIN && row.real(1) == 1.5 && row.text(2) == "引桥" &&
                       row.blob(3) == zeros && row.null(4) && row.integer(4) == 0 &&
                       row.text(4).empty() && !row.null(5) && row.text(5).empty() && row.null(6) &&
                       row.text(7) == "some";
            }
        );
    });
    EXPECT_TRUE(*ok);
}

TEST_F(DatabaseTest, NestedUseOfOneStatementKeepsItsPlace) {
    ASSERT_TRUE(db.write<bool>([](Transaction& tx) -> Result<bool> {
        for (const char* key : {"a", "b", "c"}) {
            static_cast<void>(add_note(tx, key));
        }
        return true;
    }));
    auto pairs = db.read<int>([](Snapshot& s) -> Result<int> {
        int n = 0;
        s.each("SELECT key FROM note WHERE corp_id = ?", {1}, [&](const Row&) {
            s.each("SELECT key FROM note WHERE corp_id = ?", {1}, [&](const Row&) {
                ++n;
                return Visit::next;
            });
            return Visit::next;
        });
        return n;
    });
    EXPECT_EQ(*pairs, 9);
}

TEST_F(DatabaseTest, ExecuteCountsRows) {
    auto counts = db.write<std::vector<std::int64_t>>(
        [](Transaction& tx) -> Result<std::vector<std::int64_t>> {
            static_cast<void>(add_note(tx, "a"));
            static_cast<void>(add_note(tx, "b"));
            return std::vector{
                tx.execute("UPDATE note SET body = 'x'"),
                tx.execute("UPDATE note SET body = 'y' WHERE id = ?", {99}),
                tx.execute(
                    "INSERT INTO note(corp_id, key, body) VALUES(1,?,'') ON CONFLICT(corp_id, key) "
                    "DO NOTHING",
                    {Blob{"a"}}
                ),
                tx.execute("SELECT 1")};
        }
    );
    EXPECT_EQ(*counts, (std::vector<std::int64_t>{2, 0, 0, 0}));
}

TEST_F(DatabaseTest, AReadCannotWrite) {
    EXPECT_THROW(
        static_cast<void>(db.read<bool>([](Snapshot& s) -> Result<bool> {
            return s.exists(
                "INSERT INTO note(corp_id, key, body) VALUES(1,'k','') RETURNING id", {}
            );
        })),
        DatabaseError
    );
    EXPECT_EQ(notes(db), 0);
    EXPECT_TRUE(db.stats().healthy);
}

TEST_F(DatabaseTest, AReadSeesOneMomentWhateverIsWritten) {
    auto same = db.read<bool>([&](Snapshot& s) -> Result<bool> {
        const auto before = s.number("SELECT COUNT(*) FROM note");
        EXPECT_TRUE(db.write<bool>([](Transaction& tx) { return add_note(tx, "meanwhile"); }));
        return s.number("SELECT COUNT(*) FROM note") == before;
    });
    EXPECT_TRUE(*same);
    EXPECT_EQ(notes(db), 1);
}

TEST_F(DatabaseTest, CurrentIsTheTransactionOfThisThreadOnly) {
    EXPECT_EQ(db.current(), nullptr);
    ASSERT_TRUE(db.write<bool>([&](Transaction& tx) -> Result<bool> {
        EXPECT_EQ(db.current(), &tx);
        std::jthread([&] { EXPECT_EQ(db.current(), nullptr); }).join();
        return true;
    }));
    EXPECT_EQ(db.current(), nullptr);
}

using DatabaseDeathTest = DatabaseTest;

TEST_F(DatabaseDeathTest, AWriteInsideAWriteIsABug) {
    EXPECT_DEATH(
        static_cast<void>(db.write<bool>([&](Transaction&) {
            return db.write<bool>([](Transaction& tx) { return add_note(tx, "inner"); });
        })),
        "inside the fn of another write"
    );
}

TEST_F(DatabaseDeathTest, AWriteInsideAnAcknowledgementIsABug) {
    EXPECT_DEATH(
        static_cast<void>(db.append(
            note_row(1, "k", "b"),
            [&](AppendOutcome) {
                static_cast<void>(db.write<bool>([](Transaction& tx) { return add_note(tx, "x"); })
                );
            }
        )),
        "in what its commit calls"
    );
}

TEST_F(DatabaseTest, AppendStoresKnowsDuplicatesAndKeepsOtherBodies) {
    EXPECT_EQ(append_now(db, note_row(1, "key", "body")), AppendOutcome::stored);
    EXPECT_EQ(append_now(db, note_row(2, "key", "body")), AppendOutcome::duplicate);
    const auto other = [](std::int64_t id) {
        auto row = note_row(id, "key", "another body");
        row.other_key = [](int attempt) {
            return chars(attempt == 0 ? "key from text" : "random");
        };
        return row;
    };
    EXPECT_EQ(append_now(db, other(3)), AppendOutcome::stored_anew);
    EXPECT_EQ(
        append_now(db, other(4)), AppendOutcome::duplicate
    );  // the repeat of a row stored anew
    auto third = note_row(5, "key", "third body");
    third.other_key = [](int attempt) { return chars(attempt == 0 ? "key from text" : "random"); };
    EXPECT_EQ(append_now(db, std::move(third)), AppendOutcome::stored_anew);
    EXPECT_EQ(append_now(db, note_row(6, "key", "nowhere to go")), AppendOutcome::failed);
    EXPECT_EQ(notes(db), 3);
}

TEST_F(DatabaseTest, ARefusedRowFailsAloneAndMakesNoChange) {
    auto bad = note_row(1, "k", "b");
    bad.values[3] = nullptr;  // NOT NULL
    bad.change = {"note", "created"};
    EXPECT_EQ(append_now(db, std::move(bad)), AppendOutcome::failed);
    auto good = note_row(1, "k", "b");
    good.change = {"note", "created"};
    EXPECT_EQ(append_now(db, std::move(good)), AppendOutcome::stored);
    auto repeat = note_row(2, "k", "b");
    repeat.change = {"note", "created"};
    EXPECT_EQ(append_now(db, std::move(repeat)), AppendOutcome::duplicate);
    const auto changes =
        *db.read<std::vector<ChangeRecord>>([](Snapshot& s) -> Result<std::vector<ChangeRecord>> {
            return read_changes(s, 0, 10);
        });
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_GT(changes[0].n, 0);
    EXPECT_EQ(changes[0].id, 1);
    EXPECT_EQ(changes[0].topic, "note");
    EXPECT_EQ(changes[0].ms, t.clock.now());
}

TEST_F(DatabaseTest, TheChangeLogGoesOnOverARestartAndATrim) {
    const auto change = [&] {
        ASSERT_TRUE(t.db().write<bool>([](Transaction& tx) -> Result<bool> {
            tx.changed({CorpId{1}, "note", 1, "updated"});
            return true;
        }));
    };
    change();
    change();
    const auto before = t.db().stats().last_change;
    t.clock.advance(1000);
    ASSERT_EQ(
        *db.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
            return trim_changes(tx, t.clock.now(), 10);
        }),
        1
    );
    t.reopen();
    change();
    EXPECT_GT(t.db().stats().last_change, before);
    EXPECT_EQ(
        t.db().stats().last_change,
        *t.db().read<std::int64_t>([](Snapshot& s) -> Result<std::int64_t> {
            return last_change(s);
        })
    );
}

TEST_F(DatabaseTest, FollowersAreWokenByChangesUntilTheyLetGo) {
    int woken = 0;
    auto handle = db.on_change([&] { ++woken; });
    ASSERT_TRUE(db.write<bool>([](Transaction& tx) { return add_note(tx, "no change"); }));
    EXPECT_EQ(woken, 0);
    const auto change = [&] {
        ASSERT_TRUE(db.write<bool>([](Transaction& tx) -> Result<bool> {
            tx.changed({CorpId{1}, "note", 1, "updated"});
            return true;
        }));
    };
    change();
    EXPECT_EQ(woken, 1);
    handle.reset();
    change();
    EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace leadbridge
