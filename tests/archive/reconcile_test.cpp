// After a restore the two databases and the blobs agree again.

#include "archive/reconcile.h"

#include <gtest/gtest.h>

#include "tests/archive/archive_world.h"

namespace leadbridge::archive {
namespace {

struct ReconcileWorld : ArchiveWorld {
    Reconciled run() { return reconcile(archive.db(), core.db(), *blobs, clock); }

    template <class F>
    void write(Database& db, F fn) {
        ASSERT_TRUE(db.write<int>([&](Transaction& tx) -> Result<int> {
            fn(tx);
            return 0;
        }));
    }

    void set_cursor(CorpId of, std::int64_t n) {
        write(core.db(), [&](Transaction& tx) {
            tx.execute("INSERT INTO archive_feed_cursor(corp_id, n, ms) VALUES(?,?,0)", {of, n});
        });
    }

    std::int64_t cursor(CorpId of) {
        return core.db()
            .read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
                return s.number("SELECT n FROM archive_feed_cursor WHERE corp_id = ?", {of});
            })
            .value();
    }

    void set_end(CorpId of, std::int64_t n) {
        write(archive.db(), [&](Transaction& tx) {
            tx.execute("INSERT INTO archive_pull(corp_id, told_n) VALUES(?,?)", {of, n});
        });
    }

    void add_media(std::int64_t id, MediaState state, const std::string& hash) {
        write(archive.db(), [&](Transaction& tx) {
            tx.execute(
                "INSERT INTO media(id, corp_id, message_id, conversation_id, item, kind, md5, "
                "size, detail, state, blob_hash, blob_size, at_ms) "
                "VALUES(?,?,?,1,0,'image','',5,?,?,?,5,1)",
                {id, corp, id, Blob{"x"}, state, hash}
            );
        });
    }

    std::string blob(const std::string& bytes) {
        auto writer = blobs->writer(corp, "upload-" + bytes).value();
        EXPECT_TRUE(writer->append(bytes));
        return writer->finish()->hash;
    }
};

TEST(Reconcile, ACursorBeyondTheEndIsSetBackAndAnotherIsLeft) {
    ReconcileWorld w;
    w.set_end(CorpId{1}, 7);
    w.set_cursor(CorpId{1}, 9);
    w.set_end(CorpId{2}, 7);
    w.set_cursor(CorpId{2}, 4);
    w.set_cursor(CorpId{3}, 5);  // of whom the archive knows nothing
    EXPECT_EQ(w.run().cursors_set_back, 2);
    EXPECT_EQ(w.cursor(CorpId{1}), 7);
    EXPECT_EQ(w.cursor(CorpId{2}), 4);
    EXPECT_EQ(w.cursor(CorpId{3}), 0);
    EXPECT_EQ(w.run().cursors_set_back, 0);
}

TEST(Reconcile, AFileWithoutItsBlobIsFetchedAgain) {
    ReconcileWorld w;
    const std::string there = w.blob("there");
    w.add_media(1, MediaState::stored, there);
    w.add_media(2, MediaState::stored, std::string(64, 'a'));
    w.add_media(3, MediaState::lost, "");
    EXPECT_EQ(w.run().media_to_fetch, 1);
    EXPECT_EQ(w.count("SELECT state FROM media WHERE id = 1"), 1);
    EXPECT_EQ(w.count("SELECT state FROM media WHERE id = 2"), 0);
    EXPECT_EQ(w.count("SELECT state FROM media WHERE id = 3"), 2);
    EXPECT_EQ(w.run().media_to_fetch, 0);
}

}  // namespace
}  // namespace leadbridge::archive
