// The writer thread: groups, order, bounds.

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/base/note_table.h"

namespace leadbridge {
namespace {

using namespace std::chrono_literals;

struct SqliteGroup : testing::Test {
    TempDatabase t{note_room, SqliteWriterMode::own_thread};
    Database& db = t.db();
    std::int64_t before = 0;

    void reopen(const SqliteOptions& options) {
        t.database.reset();
        t.database = open_sqlite(options, t.clock, t.metrics);
    }
};

TEST_F(SqliteGroup, WhatWaitsTogetherIsCommittedTogetherInOrder) {
    WriterGate gate(db);
    before = db.stats().commits;
    std::vector<std::int64_t> acked;
    for (std::int64_t i = 0; i < 300; ++i) {
        ASSERT_TRUE(db.append(
            note_row(i, std::to_string(i), "b"),
            [&acked, i](AppendOutcome outcome) {
                EXPECT_EQ(outcome, AppendOutcome::stored);
                acked.push_back(i);
            }
        ));
    }
    EXPECT_EQ(db.stats().rows_waiting, 300);
    gate.open();
    ASSERT_TRUE(db.write<bool>([](Transaction& tx) { return add_note(tx, "last"); }));
    EXPECT_EQ(acked.size(), 300U);
    EXPECT_TRUE(std::is_sorted(acked.begin(), acked.end()));
    EXPECT_LE(
        db.stats().commits - before, 3
    );  // the gate's own, the group, perhaps one more for the last write
}

TEST_F(SqliteGroup, AnAcknowledgedRowIsAlreadyCommitted) {
    std::atomic<int> wrong = 0;
    std::atomic<int> acked = 0;
    for (std::int64_t i = 1; i <= 50; ++i) {
        ASSERT_TRUE(db.append(note_row(i, std::to_string(i), "b"), [&, i](AppendOutcome) {
            const auto seen = db.read<bool>([&](Snapshot& s) -> Result<bool> {
                return s.exists("SELECT 1 FROM note WHERE id = ?", {i});
            });
            wrong += *seen ? 0 : 1;
            ++acked;
        }));
    }
    ASSERT_TRUE(db.write<bool>([](Transaction& tx) { return add_note(tx, "last"); }));
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(acked, 50);
}

TEST_F(SqliteGroup, AFailingWriteTakesNobodyWithIt) {
    WriterGate gate(db);
    std::vector<std::future<int>> results;
    for (int i = 0; i < 12; ++i) {
        results.push_back(std::async(std::launch::async, [this, i]() -> int {
            try {
                auto done = db.write<bool>([i](Transaction& tx) -> Result<bool> {
                    static_cast<void>(add_note(tx, "w" + std::to_string(i)));
                    tx.changed({CorpId{1}, "note", i, "created"});
                    if (i % 3 == 1) {
                        return Error{ErrorCode::rule_broken, "no"};
                    }
                    if (i % 3 == 2) {
                        throw std::runtime_error("mine");
                    }
                    return true;
                });
                return done ? 0 : 1;
            } catch (const DatabaseError&) {
                return -1;
            } catch (const std::runtime_error&) {
                return 2;
            }
        }));
    }
    std::this_thread::sleep_for(20ms);
    gate.open();
    for (int i = 0; i < 12; ++i) {
        EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i % 3);
    }
    EXPECT_EQ(notes(db), 4);
    const auto changes =
        *db.read<std::vector<ChangeRecord>>([](Snapshot& s) -> Result<std::vector<ChangeRecord>> {
            return read_changes(s, 0, 100);
        });
    ASSERT_EQ(changes.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(changes[i].n, static_cast<std::int64_t>(i) + 1);
    }
}

TEST_F(SqliteGroup, AFullQueueRefusesAtOnceAndAWriteAfterTwoSeconds) {
    auto options = t.options;
    options.max_waiting_rows = 10;
    reopen(options);
    Database& small = t.db();
    WriterGate gate(small);
    std::atomic<int> called = 0;
    for (std::int64_t i = 0; i < 10; ++i) {
        ASSERT_TRUE(small.append(note_row(i, std::to_string(i), "b"), [&](AppendOutcome) {
            ++called;
        }));
    }
    EXPECT_FALSE(small.append(note_row(99, "99", "b"), [&](AppendOutcome) { called += 1000; }));
    const auto start = std::chrono::steady_clock::now();
    auto refused = small.write<bool>([](Transaction& tx) { return add_note(tx, "w"); });
    EXPECT_GE(std::chrono::steady_clock::now() - start, 1900ms);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
    gate.open();
    EXPECT_TRUE(small.write<bool>([](Transaction& tx) { return add_note(tx, "w"); }));
    EXPECT_EQ(called, 10);
    EXPECT_EQ(notes(small), 11);
}

TEST_F(SqliteGroup, BytesAndAgeBoundTheQueueToo) {
    auto options = t.options;
    options.max_waiting_bytes = 1 << 20;
    reopen(options);
    Database& small = t.db();
    WriterGate gate(small);
    const std::string big(400'000, 'x');
    EXPECT_TRUE(small.append(note_row(1, "1", big), [](AppendOutcome) {}));
    EXPECT_TRUE(small.append(note_row(2, "2", big), [](AppendOutcome) {}));
    EXPECT_FALSE(small.append(note_row(3, "3", big), [](AppendOutcome) {}));
    EXPECT_TRUE(small.append(note_row(4, "4", "small"), [](AppendOutcome) {}));
    std::this_thread::sleep_for(2100ms);
    EXPECT_FALSE(small.append(note_row(5, "5", "small"), [](AppendOutcome) {}));
    gate.open();
    ASSERT_TRUE(small.write<bool>([](Transaction& tx) { return add_note(tx, "w"); }));
    EXPECT_EQ(small.stats().bytes_waiting, 0);
    EXPECT_TRUE(small.append(note_row(6, "6", "small"), [](AppendOutcome) {}));
}

TEST_F(SqliteGroup, ACursorReaderMissesNothingUnderConcurrentWriters) {
    constexpr int threads = 4;
    constexpr int writes = 150;
    std::atomic<bool> finished = false;
    std::vector<std::int64_t> seen;
    std::jthread reader([&] {
        std::int64_t cursor = 0;
        while (true) {
            const bool last = finished;
            const auto changes = *db.read<std::vector<ChangeRecord>>(
                [&](Snapshot& s) -> Result<std::vector<ChangeRecord>> {
                    return read_changes(s, cursor, 7);
                }
            );
            for (const auto& change : changes) {
                seen.push_back(change.n);
                cursor = change.n;
            }
            if (last && changes.empty()) {
                return;
            }
        }
    });
    {
        std::vector<std::jthread> writers;
        for (int i = 0; i < threads; ++i) {
            writers.emplace_back([&, i] {
                for (int k = 0; k < writes; ++k) {
                    const auto key = std::to_string(i) + "/" + std::to_string(k);
                    static_cast<void>(db.write<bool>([&](Transaction& tx) -> Result<bool> {
                        tx.changed({CorpId{1}, "note", k, "created"});
                        if (k % 10 == 3) {
                            return Error{ErrorCode::rule_broken, "its number is given to another"};
                        }
                        return add_note(tx, key);
                    }));
                    auto row = note_row(-(1 + i * writes + k), "a" + key, "b");
                    row.change = {"note", "appended"};
                    ASSERT_TRUE(db.append(std::move(row), [](AppendOutcome) {}));
                }
            });
        }
    }
    ASSERT_TRUE(db.write<bool>([](Transaction& tx) { return add_note(tx, "last"); }));
    finished = true;
    reader.join();
    ASSERT_EQ(seen.size(), static_cast<std::size_t>(threads * writes * 19 / 10));
    for (std::size_t i = 0; i < seen.size(); ++i) {
        ASSERT_EQ(seen[i], static_cast<std::int64_t>(i) + 1);
    }
}

TEST_F(SqliteGroup, ClosingStoresWhatWaits) {
    std::atomic<int> acked = 0;
    {
        WriterGate gate(db);
        for (std::int64_t i = 0; i < 1200; ++i) {
            ASSERT_TRUE(db.append(note_row(i, std::to_string(i), "b"), [&](AppendOutcome outcome) {
                acked += outcome == AppendOutcome::stored ? 1 : 0;
            }));
        }
    }
    t.database.reset();
    EXPECT_EQ(acked, 1200);
    EXPECT_FALSE(std::filesystem::exists(t.options.path + "-wal"));  // folded in by the last close
    t.database = open_sqlite(t.options, t.clock, t.metrics);
    EXPECT_EQ(notes(t.db()), 1200);
}

TEST_F(SqliteGroup, ReadersRunBesideTheWriterAndAreBounded) {
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
    std::vector<std::jthread> readers;
    for (int i = 0; i < 20; ++i) {
        readers.emplace_back([&] {
            EXPECT_TRUE(db.read<bool>([&](Snapshot& s) -> Result<bool> {
                most = std::max(most.load(), ++inside);
                std::this_thread::sleep_for(5ms);
                --inside;
                return s.number("SELECT 1") == 1;
            }));
        });
    }
    readers.clear();
    EXPECT_GT(most, 1);
    EXPECT_LE(most, t.options.max_readers);
}

TEST_F(SqliteGroup, AnEndlessReadIsStopped) {
    auto options = t.options;
    options.read_limit_ms = 50;
    reopen(options);
    EXPECT_THROW(
        static_cast<void>(t.db().read<std::int64_t>([](Snapshot& s) -> Result<std::int64_t> {
            return s.number(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) "
                "FROM n"
            );
        })),
        DatabaseError
    );
    EXPECT_EQ(notes(t.db()), 0);
}

}  // namespace
}  // namespace leadbridge
