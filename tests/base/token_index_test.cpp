#include "base/token_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/sqlite_connection.h"
#include "base/sqlite_token_index.h"
#include "tests/base/temp_database.h"

namespace leadbridge {
namespace {

constexpr int january = 2026 * 12;
using Numbers = std::vector<std::int64_t>;

struct IndexWorld {
    TempDir dir;
    std::unique_ptr<TokenIndex> index = open();
    TokenOwner owner{CorpId{7}, "key"};

    std::unique_ptr<TokenIndex> open(const std::string& format = "1") {
        SqliteTokenOptions options;
        options.folder = dir.path();
        options.format = format;
        options.durability = SqliteDurability::none_for_tests;
        return open_sqlite_token_index(options);
    }

    void reopen(const std::string& format = "1") {
        index.reset();
        index = open(format);
    }

    // Documents first.. with these tokens, at a millisecond each.
    void add(std::int64_t first, std::vector<std::string> tokens, int month = january) {
        add(owner, first, std::move(tokens), month);
    }

    void add(const TokenOwner& of, std::int64_t first, std::vector<std::string> tokens, int month) {
        TokenSlice slice;
        slice.first = first;
        slice.month = month;
        slice.oldest_ms = first * 1'000;
        for (std::string& t : tokens) {
            slice.documents.push_back({first++, std::move(t)});
        }
        slice.last = first - 1;
        slice.last_id = slice.last * 10;
        slice.newest_ms = slice.last * 1'000;
        index->add(of, slice);
    }

    Numbers find(TokenMatch match, TokenWindow window = {}) {
        return index->find(owner, match, window);
    }

    std::string file(const std::string& month) { return dir.file("fts-" + month + ".db"); }
};

TEST(TokenIndex, FindsAllAndAnyNewestFirst) {
    IndexWorld w;
    w.add(1, {"a b m1", "a m2", "b m1", "a b m2"});
    EXPECT_EQ(w.find({{"a"}, {}}), (Numbers{4, 2, 1}));
    EXPECT_EQ(w.find({{"a", "b"}, {}}), (Numbers{4, 1}));
    EXPECT_EQ(w.find({{"b"}, {{"m1"}}}), (Numbers{3, 1}));
    EXPECT_EQ(w.find({{}, {{"m1", "m2"}, {"b"}}}), (Numbers{4, 3, 1}));
    EXPECT_EQ(w.find({}), (Numbers{4, 3, 2, 1}));
    EXPECT_TRUE(w.find({{"c"}, {}}).empty());
}

TEST(TokenIndex, PagesGoOnBelowTheLastNumberOverMonths) {
    IndexWorld w;
    w.add(1, {"a", "a", "a"});
    w.add(4, {"a", "a"}, january + 1);
    w.add(6, {"a"}, january + 13);
    TokenWindow window;
    window.limit = 4;
    EXPECT_EQ(w.find({{"a"}, {}}, window), (Numbers{6, 5, 4, 3}));
    window.below = 3;
    EXPECT_EQ(w.find({{"a"}, {}}, window), (Numbers{2, 1}));
    EXPECT_TRUE(std::filesystem::exists(w.file("202702")));
}

TEST(TokenIndex, ATimeRangeNeverLosesADocumentInside) {
    IndexWorld w;
    for (std::int64_t first = 1; first < 5'000; first += 500) {
        w.add(first, std::vector<std::string>(500, "a"));
    }
    TokenWindow window;
    window.limit = 10'000;
    window.from_ms = 2'600'000;
    window.to_ms = 2'700'000;
    const auto found = w.find({{"a"}, {}}, window);
    EXPECT_LT(found.size(), 2'100U) << "the rest is left out";
    for (std::int64_t n = 2'600; n <= 2'700; ++n) {
        EXPECT_NE(std::ranges::find(found, n), found.end()) << n;
    }
    window.from_ms = 9'000'000;
    window.to_ms = INT64_MAX;
    EXPECT_TRUE(w.find({{"a"}, {}}, window).empty());
}

TEST(TokenIndex, OwnersDoNotMeet) {
    IndexWorld w;
    const TokenOwner other{CorpId{8}, "other"};
    w.add(1, {"a", "a"});
    w.add(other, 1, {"a"}, january);
    EXPECT_EQ(w.find({{"a"}, {}}), (Numbers{2, 1}));
    EXPECT_EQ(w.index->find(other, {{"a"}, {}}, {}), (Numbers{1}));
    EXPECT_TRUE(w.index->find({CorpId{9}, "key"}, {{"a"}, {}}, {}).empty());
}

TEST(TokenIndex, AnotherKeyBeginsAnew) {
    IndexWorld w;
    w.add(1, {"a", "a"});
    const TokenOwner renewed{w.owner.corp, "key2"};
    EXPECT_TRUE(w.index->find(renewed, {{"a"}, {}}, {}).empty());
    EXPECT_EQ(w.index->missing(renewed).first, 1);
    w.add(renewed, 1, {"z"}, january);
    w.reopen();
    EXPECT_EQ(w.index->find(renewed, {{"z"}, {}}, {}), (Numbers{1}));
    EXPECT_TRUE(w.index->find(renewed, {{"a"}, {}}, {}).empty()) << "of the old key";
    EXPECT_EQ(w.index->missing(w.owner).first, 1);
}

TEST(TokenIndex, WhatIsIndexedIsKnownAfterAStart) {
    IndexWorld w;
    w.add(1, {"a", "b"});
    w.add(3, {"c"}, january + 1);
    w.reopen();
    EXPECT_EQ(w.index->missing(w.owner).first, 4);
    EXPECT_EQ(w.index->missing(w.owner).month, january + 1);
    const auto ranges = w.index->ranges(w.owner);
    ASSERT_EQ(ranges.size(), 2U);
    EXPECT_EQ(ranges[0].last, 2);
    EXPECT_EQ(ranges[0].last_id, 20);
    EXPECT_EQ(w.find({{"c"}, {}}), (Numbers{3}));
    w.add(4, {"a"}, january + 1);
    EXPECT_EQ(w.find({{"a"}, {}}), (Numbers{4, 1}));
}

TEST(TokenIndex, ALostFileIsAHoleThatIsFilledAgain) {
    IndexWorld w;
    w.add(1, {"a"});
    w.add(2, {"a", "a"}, january + 1);
    w.add(4, {"a"}, january + 2);
    std::filesystem::remove(w.file("202602"));
    EXPECT_TRUE(w.index->mend());
    EXPECT_FALSE(w.index->mend());
    const MissingRange hole = w.index->missing(w.owner);
    EXPECT_EQ(hole.first, 2);
    EXPECT_EQ(hole.last, 3);
    EXPECT_EQ(hole.month, january);
    EXPECT_EQ(hole.most_month, january + 1);
    EXPECT_EQ(w.find({{"a"}, {}}), (Numbers{4, 1}));
    w.add(2, {"a", "b"}, january + 1);
    EXPECT_EQ(w.find({{"a"}, {}}), (Numbers{4, 2, 1}));
    EXPECT_EQ(w.index->missing(w.owner).first, 5);
}

TEST(TokenIndex, AFileThatIsNoDatabaseIsMadeAnewAtTheStart) {
    IndexWorld w;
    w.add(1, {"a"});
    w.index.reset();
    std::ofstream(w.file("202601"), std::ios::trunc) << "this is not a database, but long enough";
    w.index = w.open();
    EXPECT_FALSE(std::filesystem::exists(w.file("202601")));
    EXPECT_EQ(w.index->missing(w.owner).first, 1);
    w.add(1, {"a"});
    EXPECT_EQ(w.find({{"a"}, {}}), (Numbers{1}));
}

TEST(TokenIndex, DamageFoundByAReaderIsMended) {
    IndexWorld w;
    for (std::int64_t first = 1; first < 3'000; first += 1'000) {
        w.add(first, std::vector<std::string>(1'000, "a b c d e f g"));
    }
    w.reopen();  // the log is folded in
    {
        // All pages but the first, which holds the schema's head.
        std::fstream file(w.file("202601"), std::ios::in | std::ios::out | std::ios::binary);
        const auto size = std::filesystem::file_size(w.file("202601"));
        file.seekp(4'096);
        file << std::string(size - 4'096, '\xAA');
    }
    EXPECT_TRUE(w.find({{"a"}, {}}).empty());
    EXPECT_TRUE(w.index->mend());
    EXPECT_EQ(w.index->missing(w.owner).first, 1);
    w.add(1, {"a"});
    EXPECT_EQ(w.find({{"a"}, {}}), (Numbers{1}));
}

TEST(TokenIndex, AnotherFormatIsMadeAnew) {
    IndexWorld w;
    w.add(1, {"a"});
    w.reopen("2");
    EXPECT_EQ(w.index->missing(w.owner).first, 1);
    EXPECT_TRUE(w.find({{"a"}, {}}).empty());
}

TEST(TokenIndex, RemovesWithTheTokensThatWereIndexedAndOnceOnly) {
    IndexWorld w;
    w.add(1, {"a b", "a c", "a b"});
    w.index->remove(w.owner, 1, "a b");
    EXPECT_EQ(w.find({{"a"}, {}}), (Numbers{3, 2}));
    EXPECT_EQ(w.find({{"b"}, {}}), (Numbers{3}));
    w.index->remove(w.owner, 1, "a b");
    w.reopen();
    w.index->remove(w.owner, 1, "a b");
    w.index->remove(w.owner, 99, "a b");
    EXPECT_EQ(w.find({{"a"}, {}}), (Numbers{3, 2}));
    EXPECT_EQ(w.find({{"b"}, {}}), (Numbers{3}));
}

TEST(TokenIndex, WhatWasSkippedMayBeRemoved) {
    IndexWorld w;
    w.index->add(w.owner, {1, 3, 30, january, 0, 0, {{1, "a"}, {3, "a"}}, {2}});
    w.index->remove(w.owner, 2, "a");
    EXPECT_EQ(w.find({{"a"}, {}}), (Numbers{3, 1}));
}

TEST(TokenIndex, TidyingLosesNothing) {
    IndexWorld w;
    for (std::int64_t first = 1; first < 4'000; first += 100) {
        w.add(first, std::vector<std::string>(100, first % 200 == 1 ? "a x" : "b x"));
    }
    w.add(4'001, {"a"}, january + 1);
    int steps = 0;
    while (w.index->tidy()) {
        ASSERT_LT(++steps, 1'000);
    }
    EXPECT_GT(steps, 1);
    EXPECT_FALSE(w.index->tidy());
    TokenWindow window;
    window.limit = 10'000;
    EXPECT_EQ(w.find({{"x"}, {}}, window).size(), 4'000U);
    EXPECT_EQ(w.find({{"a"}, {}}, window).size(), 2'001U);
    w.index->remove(w.owner, 1, "a x");
    EXPECT_EQ(w.find({{"a"}, {}}, window).size(), 2'000U);
}

TEST(TokenIndex, ASliceThatFailsLeavesNothing) {
    IndexWorld w;
    w.add(1, {"a"});
    TokenSlice twice{2, 3, 30, january, 0, 0, {{2, "b"}, {3, "b"}}, {2, 2}};  // 2 skipped twice
    EXPECT_THROW(w.index->add(w.owner, twice), DatabaseError);
    EXPECT_EQ(w.index->missing(w.owner).first, 2);
    EXPECT_TRUE(w.find({{"b"}, {}}).empty());
    w.add(2, {"c"});
    EXPECT_EQ(w.find({{"c"}, {}}), (Numbers{2}));
}

}  // namespace
}  // namespace leadbridge
