// What both engines must do alike; run for each by LEADBRIDGE_TEST_ENGINE.

#include <gtest/gtest.h>

#include <thread>

#include "tests/base/note_table.h"

namespace leadbridge {
namespace {

constexpr Migration thing_migrations[] = {
    {1,
     "CREATE TABLE owner(id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
     "CREATE TABLE thing(corp_id INTEGER NOT NULL, id INTEGER NOT NULL, owner_id INTEGER "
     "REFERENCES "
     "owner(id), name TEXT, bytes BLOB, size REAL, flag INTEGER NOT NULL DEFAULT 0 CHECK(flag IN "
     "(0, 1)), PRIMARY KEY(corp_id, id)) WITHOUT ROWID;"
     "CREATE INDEX thing_name ON thing(corp_id, name) WHERE name IS NOT NULL;"}};

struct Conformance : testing::Test {
    TempDatabase t{{{"things", thing_migrations}, {"notes", note_migrations}}};
    Database& db = t.db();

    std::int64_t run(std::string_view sql, ParamList params = {}) {
        return *db.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
            return tx.execute(sql, params);
        });
    }

    std::int64_t number(std::string_view sql, ParamList params = {}) {
        return *db.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return s.number(sql, params);
        });
    }

    std::vector<std::string> texts(std::string_view sql, ParamList params = {}) {
        using Texts = std::vector<std::string>;
        return *db.read<Texts>([&](Snapshot& s) -> Result<Texts> {
            return s.all(sql, params, [](const Row& row) { return row.str(0); });
        });
    }

    void add(std::int64_t id, Param name, Param bytes = nullptr, Param size = nullptr) {
        run("INSERT INTO thing(corp_id, id, name, bytes, size) VALUES(1,?,?,?,?)",
            {id, name, bytes, size});
    }
};

TEST_F(Conformance, TextIsOrderedByBytesAndNullsAsTold) {
    std::int64_t id = 0;
    for (const char* name : {"b", "B", "a", "引", "桥", "ä", "_", "10", "9", ""}) {
        add(++id, name);
    }
    add(++id, nullptr);
    EXPECT_EQ(
        texts("SELECT name FROM thing WHERE name IS NOT NULL ORDER BY name"),
        (std::vector<std::string>{"", "10", "9", "B", "_", "a", "b", "ä", "引", "桥"})
    );
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing WHERE name > ?", {"a"}), 4);
    EXPECT_EQ(number("SELECT id FROM thing ORDER BY name NULLS FIRST LIMIT 1"), id);
    EXPECT_EQ(number("SELECT id FROM thing ORDER BY name DESC NULLS LAST LIMIT 1"), 5);
}

TEST_F(Conformance, BlobsAreOrderedByBytesAndKeepEveryByte) {
    std::string all;
    for (int c = 0; c < 256; ++c) {
        all.push_back(static_cast<char>(c));
    }
    add(1, nullptr, Blob{all});
    add(2, nullptr, Blob{""});
    add(3, nullptr, Blob{std::string_view("\0\0", 2)});
    add(4, nullptr, Blob{"\xff"});
    EXPECT_EQ(
        texts("SELECT bytes FROM thing ORDER BY bytes"),
        (std::vector<std::string>{"", std::string("\0\0", 2), all, "\xff"})
    );
    EXPECT_EQ(number("SELECT length(bytes) FROM thing WHERE id = 1"), 256);
    EXPECT_EQ(number("SELECT id FROM thing WHERE bytes = ?", {Blob{all}}), 1);
}

TEST_F(Conformance, AnEmptyBlobAndAnEmptyTextAreNotNull) {
    add(1, "", Blob{});
    add(2, nullptr, nullptr);
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing WHERE bytes IS NULL AND name IS NULL"), 1);
    EXPECT_EQ(number("SELECT id FROM thing WHERE bytes IS NULL"), 2);
    EXPECT_EQ(number("SELECT id FROM thing WHERE name = ''"), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing WHERE bytes = ?", {Blob{}}), 1);
}

TEST_F(Conformance, NumbersKeepTheirWholeRange) {
    run("INSERT INTO thing(corp_id, id, size) VALUES(?,?,?)", {INT64_MIN, INT64_MAX, 0.1});
    auto seen = db.read<bool>([](Snapshot& s) -> Result<bool> {
        return *s.one("SELECT corp_id, id, size FROM thing", Params{}, [](const Row& row) {
            return row.integer(0) == INT64_MIN && row.integer(1) == INT64_MAX && row.real(2) == 0.1;
        });
    });
    EXPECT_TRUE(*seen);
    run("DELETE FROM thing");
    for (int i = 1; i <= 3; ++i) {
        add(i, nullptr, nullptr, 1.5);
    }
    EXPECT_EQ(number("SELECT SUM(id) FROM thing"), 6);
    EXPECT_EQ(number("SELECT SUM(id) * -1000000 FROM thing"), -6'000'000);
    EXPECT_EQ(number("SELECT MAX(id) FROM thing WHERE id > 9"), 0);
    EXPECT_EQ(number("SELECT 7 / 2"), 3);
    EXPECT_EQ(number("SELECT CAST('42' AS INTEGER) + 1"), 43);
    EXPECT_EQ(texts("SELECT MAX(id) FROM thing"), std::vector<std::string>{"3"});
    auto average = db.read<double>([](Snapshot& s) -> Result<double> {
        return *s.one("SELECT AVG(size) FROM thing", Params{}, [](const Row& row) {
            return row.real(0);
        });
    });
    EXPECT_EQ(*average, 1.5);
}

TEST_F(Conformance, AHugeValueComesBack) {
    std::string huge(5 << 20, 'x');
    huge[1'000'000] = '\0';
    add(1, nullptr, Blob{huge});
    EXPECT_EQ(texts("SELECT bytes FROM thing"), std::vector<std::string>{huge});
}

TEST_F(Conformance, TextWithAZeroByteOrBrokenUtf8IsRefused) {
    if (!t.postgres) {
        GTEST_SKIP() << "SQLite takes any bytes as text";
    }
    for (const std::string& text : {std::string("a\0b", 3), std::string("\xff\xfe")}) {
        EXPECT_THROW(add(1, text), DatabaseError);
        EXPECT_THROW(number("SELECT COUNT(*) FROM thing WHERE name = ?", {text}), DatabaseError);
    }
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing"), 0);
    EXPECT_TRUE(db.stats().healthy);
}

TEST_F(Conformance, ANullFitsEverywhere) {
    add(1, nullptr, nullptr, nullptr);
    const std::optional<std::int64_t> none;
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing WHERE ? IS NULL", {none}), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing WHERE ? IS NULL OR id = ?", {none, none}), 1);
    EXPECT_EQ(number("SELECT COALESCE(?, 5)", {none}), 5);
    EXPECT_EQ(run("UPDATE thing SET owner_id = ?, name = ?", {none, none}), 1);
    // Inside a transaction, too, where finding out must not cost what was written before.
    EXPECT_TRUE(*db.write<bool>([&](Transaction& tx) -> Result<bool> {
        tx.execute("UPDATE thing SET name = 'before'");
        return tx.exists("SELECT 1 FROM thing WHERE (? IS NULL) AND name = 'before'", {none});
    }));
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing WHERE name = 'before'"), 1);
}

TEST_F(Conformance, EveryConstraintRefusesAndNothingStays) {
    run("INSERT INTO owner(id, name) VALUES(7, 'o')");
    add(1, "one");
    for (const char* sql : {
             "INSERT INTO thing(corp_id, id) VALUES(1, 1)",
             "INSERT INTO thing(corp_id, id, flag) VALUES(1, 2, 5)",
             "INSERT INTO thing(corp_id, id, owner_id) VALUES(1, 2, 99)",
             "INSERT INTO owner(id, name) VALUES(8, NULL)",
         }) {
        EXPECT_THROW(run(sql), ConstraintViolation) << sql;
    }
    run("UPDATE thing SET owner_id = 7");
    EXPECT_THROW(run("DELETE FROM owner"), ConstraintViolation);
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing"), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM owner"), 1);
}

TEST_F(Conformance, ARefusedStatementTakesOnlyItselfBack) {
    ASSERT_TRUE(db.write<bool>([](Transaction& tx) -> Result<bool> {
        for (std::int64_t id : {1, 2, 2, 3, 1, 4}) {
            try {
                tx.execute("INSERT INTO thing(corp_id, id) VALUES(1, ?)", {id});
                tx.changed({CorpId{1}, "thing", id, "created"});
            } catch (const ConstraintViolation&) {
                tx.execute("UPDATE thing SET name = 'again' WHERE id = ?", {id});
            }
        }
        return true;
    }));
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing"), 4);
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing WHERE name = 'again'"), 2);
    const auto changes =
        *db.read<std::vector<ChangeRecord>>([](Snapshot& s) -> Result<std::vector<ChangeRecord>> {
            return read_changes(s, 0, 10);
        });
    ASSERT_EQ(changes.size(), 4U);
    EXPECT_EQ(changes[3].id, 4);
    EXPECT_EQ(changes[3].n, db.stats().last_change);
}

TEST_F(Conformance, AConstraintThatEndsTheWriteIsCaughtOutside) {
    auto refused = db.write<bool>([](Transaction& tx) -> Result<bool> {
        tx.execute("INSERT INTO thing(corp_id, id) VALUES(1, 1)");
        try {
            tx.execute("INSERT INTO thing(corp_id, id) VALUES(1, 1)");
        } catch (const ConstraintViolation&) {
            return Error{ErrorCode::conflict, "there already", "exists"};
        }
        return true;
    });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing"), 0);
}

TEST_F(Conformance, UpsertAndReturning) {
    const auto add_to = [&](std::int64_t by) {
        return *db.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
            return tx.number(
                "INSERT INTO thing(corp_id, id, flag, size) VALUES(1, 1, 0, ?) ON "
                "CONFLICT(corp_id, "
                "id) DO UPDATE SET flag = 1, size = thing.size + excluded.size RETURNING flag",
                {static_cast<double>(by)}
            );
        });
    };
    EXPECT_EQ(add_to(2), 0);
    EXPECT_EQ(add_to(3), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing WHERE size = 5"), 1);
    EXPECT_EQ(run("DELETE FROM thing WHERE flag = 1 RETURNING id"), 1);
}

TEST_F(Conformance, PlaceholdersInQuotesAndCommentsStay) {
    add(1, "what? it's \"so\"?");
    EXPECT_EQ(
        texts(
            "SELECT name FROM thing /* ? ' */ WHERE name = 'what? it''s \"so\"?' AND id = ?", {1}
        ),
        std::vector<std::string>{"what? it's \"so\"?"}
    );
    EXPECT_EQ(
        number("SELECT COUNT(*) AS \"how many?\" FROM thing WHERE name LIKE ? ESCAPE '\\'", {"%?"}),
        1
    );
}

TEST_F(Conformance, RowsAreComparedAndRecursed) {
    for (std::int64_t id : {1, 2, 3, 4}) {
        add(id, id % 2 == 0 ? "even" : "odd");
    }
    EXPECT_EQ(number("SELECT COUNT(*) FROM thing WHERE (name, id) > (?, ?)", {"even", 2}), 3);
    EXPECT_EQ(
        number(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT "
            "SUM(i) FROM n",
            {10}
        ),
        55
    );
    EXPECT_EQ(
        texts("SELECT name || ' ' || COUNT(*) FROM thing GROUP BY name ORDER BY name"),
        (std::vector<std::string>{"even 2", "odd 2"})
    );
    EXPECT_EQ(number("SELECT id FROM thing ORDER BY id LIMIT ? OFFSET ?", {1, 2}), 3);
}

TEST_F(Conformance, WhatIsHeldIsSkippedOrThereIsOneWriter) {
    add(1, "one");
    EXPECT_EQ(
        *db.write<std::int64_t>([](Transaction& tx) -> Result<std::int64_t> {
            return tx.execute(
                "UPDATE thing SET flag = 1 WHERE id IN (SELECT id FROM thing WHERE corp_id = ? " +
                    std::string(skip_locked) + ")",
                {1}
            );
        }),
        1
    );
}

struct ConformanceThreads : testing::Test {
    TempDatabase t{note_room, SqliteWriterMode::own_thread};
    Database& db = t.db();
};

TEST_F(ConformanceThreads, ConcurrentWritersLoseNoUpdate) {
    ASSERT_TRUE(db.write<bool>([](Transaction& tx) -> Result<bool> {
        tx.execute(
            "INSERT INTO note(id, corp_id, key, body) VALUES(0, 1, ?, ?)", {Blob{"n"}, Blob{""}}
        );
        return true;
    }));
    {
        std::vector<std::jthread> writers;
        for (int i = 0; i < 4; ++i) {
            writers.emplace_back([&] {
                for (int n = 0; n < 25; ++n) {
                    // Read, then write: only a serial order makes 100 of them.
                    auto done = db.write<bool>([](Transaction& tx) -> Result<bool> {
                        const auto before = tx.number("SELECT id FROM note WHERE corp_id = 1");
                        tx.execute("UPDATE note SET id = ? WHERE corp_id = 1", {before + 1});
                        return true;
                    });
                    EXPECT_TRUE(done);
                }
            });
        }
    }
    EXPECT_EQ(
        *db.read<std::int64_t>([](Snapshot& s) -> Result<std::int64_t> {
            return s.number("SELECT id FROM note");
        }),
        100
    );
}

TEST_F(ConformanceThreads, CheckThenInsertHoldsBetweenWriters) {
    std::atomic<int> added = 0;
    {
        std::vector<std::jthread> writers;
        for (int i = 0; i < 4; ++i) {
            writers.emplace_back([&, i] {
                auto done = db.write<bool>([&](Transaction& tx) -> Result<bool> {
                    if (tx.exists("SELECT 1 FROM note WHERE corp_id = ?", {1})) {
                        return false;
                    }
                    return add_note(tx, std::to_string(i));
                });
                added += done && *done ? 1 : 0;
            });
        }
    }
    EXPECT_EQ(added, 1);
    EXPECT_EQ(notes(db), 1);
}

TEST_F(ConformanceThreads, AppendsOfManyThreadsAreStoredOnceEach) {
    std::atomic<int> stored = 0;
    std::atomic<int> repeated = 0;
    {
        std::vector<std::jthread> senders;
        for (int i = 0; i < 4; ++i) {
            senders.emplace_back([&, i] {
                for (int n = 0; n < 50; ++n) {
                    const auto outcome = append_now(
                        db, note_row(i * 1000 + n + 1, "key " + std::to_string(n), "the same")
                    );
                    stored += outcome == AppendOutcome::stored ? 1 : 0;
                    repeated += outcome == AppendOutcome::duplicate ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(stored, 50);
    EXPECT_EQ(repeated, 150);
    EXPECT_EQ(notes(db), 50);
}

TEST_F(ConformanceThreads, NoReaderOfTheChangeLogMissesARow) {
    std::atomic<bool> writing = true;
    std::vector<std::int64_t> read;
    std::jthread reader([&] {
        std::int64_t cursor = 0;
        while (true) {
            const bool last = !writing;
            const auto page = *db.read<std::vector<ChangeRecord>>(
                [&](Snapshot& s) -> Result<std::vector<ChangeRecord>> {
                    return read_changes(s, cursor, 7);
                }
            );
            for (const auto& change : page) {
                EXPECT_GT(change.n, cursor);
                cursor = change.n;
                read.push_back(change.id);
            }
            if (page.empty() && last) {
                return;
            }
        }
    });
    {
        std::vector<std::jthread> writers;
        for (int i = 0; i < 3; ++i) {
            writers.emplace_back([&, i] {
                for (std::int64_t n = 0; n < 40; ++n) {
                    EXPECT_TRUE(db.write<bool>([&](Transaction& tx) -> Result<bool> {
                        tx.changed({CorpId{1}, "note", i * 1000 + n, "created"});
                        tx.changed({CorpId{1}, "note", i * 1000 + 500 + n, "created"});
                        return true;
                    }));
                }
            });
        }
    }
    writing = false;
    reader.join();
    std::sort(read.begin(), read.end());
    EXPECT_EQ(std::unique(read.begin(), read.end()), read.end());
    EXPECT_EQ(read.size(), 240U);
}

constexpr Migration first_release[] = {
    {1, "CREATE TABLE a(x INTEGER); CREATE TABLE b(x INTEGER);"}};
constexpr Migration second_release[] = {
    {1, "CREATE TABLE a(x INTEGER); CREATE TABLE b(x INTEGER);"},
    {2, "INSERT INTO a(x) VALUES(1);"}};
constexpr Migration broken_release[] = {
    {1, "CREATE TABLE a(x INTEGER); CREATE TABLE b(x INTEGER);"},
    {2, "INSERT INTO a(x) VALUES(1); INSERT INTO nowhere VALUES(1);"}};
constexpr Migration future_release[] = {{1, "CREATE TABLE c(x INTEGER);", program_generation + 1}};

struct ConformanceMigrations : testing::Test {
    TempDatabase t{{{"room", first_release}}};

    ConformanceMigrations() {
        if (t.postgres) {
            t.postgres->discard();
        }
    }

    std::int64_t number(std::string_view sql) {
        return *t.db().read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return s.number(sql);
        });
    }
};

TEST_F(ConformanceMigrations, RunOnceInOrderAndPerRoom) {
    const RoomMigrations second[] = {{"room", second_release}, {"other", note_migrations}};
    t.db().migrate(second);
    t.db().migrate(second);
    t.reopen();
    t.db().migrate(second);
    EXPECT_EQ(number("SELECT COUNT(*) FROM a"), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM schema_migration"), 3);
}

TEST_F(ConformanceMigrations, AFailedOneIsUndoneAndNamed) {
    const RoomMigrations broken[] = {{"room", broken_release}};
    try {
        t.db().migrate(broken);
        FAIL();
    } catch (const DatabaseError& e) {
        EXPECT_NE(std::string(e.what()).find("room/2"), std::string::npos);
    }
    EXPECT_EQ(number("SELECT COUNT(*) FROM a"), 0);
    const RoomMigrations fixed[] = {{"room", second_release}};
    t.db().migrate(fixed);
    EXPECT_EQ(number("SELECT COUNT(*) FROM a"), 1);
}

TEST_F(ConformanceMigrations, TheSchemaOfANewerProgramIsRefused) {
    const RoomMigrations future[] = {{"later", future_release}};
    EXPECT_THROW(t.db().migrate(future), DatabaseError);
    ASSERT_TRUE(t.db().write<bool>([](Transaction& tx) -> Result<bool> {
        tx.execute(
            "INSERT INTO schema_migration(room, number, oldest_program, ms) VALUES('x', 9, ?, 0)",
            {program_generation + 1}
        );
        return true;
    }));
    try {
        t.reopen();
        FAIL();
    } catch (const DatabaseError& e) {
        EXPECT_NE(std::string(e.what()).find("install the newer release"), std::string::npos);
    }
}

}  // namespace
}  // namespace leadbridge
