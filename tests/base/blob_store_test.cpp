#include "base/blob_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/crypto.h"
#include "base/rng.h"
#include "tests/base/temp_database.h"

namespace leadbridge {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk = 64 * 1024;
const CorpId corp{7};

class Blobs : public testing::Test {
protected:
    Blobs() {
        RoomMigrations room{"vault", Vault::migrations()};
        database_ = std::make_unique<TempDatabase>(std::vector<RoomMigrations>{room});
        vault_ =
            *Vault::open(database_->db(), database_->clock, rng_, Secret{std::string(32, 'k')});
        store_ = open_directory_blobs(directory(), *vault_);
    }

    std::string directory() const { return dir_.file("blobs"); }

    std::string content(std::size_t size) { return rng_.bytes(size); }

    std::unique_ptr<BlobWriter> writer(std::string_view name, CorpId of = corp) {
        return std::move(store_->writer(of, name)).value();
    }

    BlobInfo put(std::string_view name, std::string_view bytes, CorpId of = corp) {
        const auto upload = writer(name, of);
        EXPECT_TRUE(upload->append(bytes));
        return upload->finish().value();
    }

    fs::path path_of(const BlobInfo& info, CorpId of = corp) const {
        return fs::path(directory()) / of.str() / info.hash.substr(0, 2) / info.hash;
    }

    static std::string slurp(const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    static void spill(const fs::path& path, std::string_view bytes) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    }

    std::size_t files() const {
        const auto walk = fs::recursive_directory_iterator(directory());
        return static_cast<std::size_t>(std::count_if(
            begin(walk), end(walk), [](const auto& entry) { return entry.is_regular_file(); }
        ));
    }

    TempDir dir_;
    SeededRng rng_{42};
    std::unique_ptr<TempDatabase> database_;
    std::unique_ptr<Vault> vault_;
    std::unique_ptr<BlobStore> store_;
};

TEST_F(Blobs, StoreAndReadAtEverySizeAroundAChunk) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, chunk - 1, chunk, chunk + 1, 3 * chunk, 3 * chunk + 17}) {
        const std::string bytes = content(size);
        const BlobInfo info = put("upload", bytes);
        EXPECT_EQ(info.hash, crypto::hex(crypto::sha256(bytes)));
        EXPECT_EQ(info.size, static_cast<std::int64_t>(size));
        EXPECT_TRUE(store_->exists(corp, info.hash));
        EXPECT_EQ(store_->stat(corp, info.hash)->size, info.size);
        EXPECT_EQ(store_->read(corp, info.hash, 0, 0).value(), bytes);
    }
}

TEST_F(Blobs, ReadsAnyRange) {
    const std::string bytes = content(2 * chunk + 100);
    const BlobInfo info = put("upload", bytes);
    const auto end = static_cast<std::int64_t>(bytes.size());
    const auto c = static_cast<std::int64_t>(chunk);
    const std::vector<std::pair<std::int64_t, std::int64_t>> ranges{
        {0, 1},
        {c - 1, 2},
        {c, c},
        {10, 2 * c},
        {end - 1, 1},
        {end - 5, 100},
        {2 * c, 0},
        {end, 0},
        {end, 5}};
    for (const auto& [offset, length] : ranges) {
        const auto expected = bytes.substr(
            static_cast<std::size_t>(offset),
            length == 0 ? std::string::npos : static_cast<std::size_t>(length)
        );
        EXPECT_EQ(store_->read(corp, info.hash, offset, length).value(), expected)
            << offset << "+" << length;
    }
    EXPECT_EQ(store_->read(corp, info.hash, end + 1, 1).error().code, ErrorCode::invalid);
    EXPECT_EQ(store_->read(corp, info.hash, -1, 1).error().code, ErrorCode::invalid);
    EXPECT_EQ(store_->read(corp, info.hash, 0, -1).error().code, ErrorCode::invalid);
}

TEST_F(Blobs, EqualContentIsKeptOncePerCorpAndCorpsShareNothing) {
    const BlobInfo one = put("first", "the same bytes");
    const BlobInfo two = put("second", "the same bytes");
    EXPECT_EQ(one.hash, two.hash);
    EXPECT_EQ(files(), 1U);
    EXPECT_FALSE(store_->exists(CorpId{8}, one.hash));
    EXPECT_EQ(store_->read(CorpId{8}, one.hash, 0, 0).error().code, ErrorCode::not_found);
    put("first", "the same bytes", CorpId{8});
    EXPECT_EQ(files(), 2U);
    EXPECT_EQ(store_->read(corp, one.hash, 0, 0).value(), "the same bytes");
}

TEST_F(Blobs, NothingStandsInClearOnTheDisk) {
    const std::string secret = "a sentence that nobody else should read";
    const BlobInfo info = put("upload", secret);
    EXPECT_EQ(slurp(path_of(info)).find("nobody else"), std::string::npos);
    const auto permissions = fs::status(path_of(info)).permissions();
    EXPECT_EQ(permissions & fs::perms::mask, fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Blobs, AnUploadGoesOnWhereItStopped) {
    const std::string bytes = content(3 * chunk + 500);
    {
        const auto first = writer("upload");
        EXPECT_TRUE(first->append(bytes.substr(0, chunk + 100)));
    }
    const auto second = writer("upload");
    const auto kept = static_cast<std::size_t>(second->size());
    EXPECT_EQ(kept, chunk + 100);
    EXPECT_EQ(second->md5_hex(), crypto::hex(crypto::md5(bytes.substr(0, kept))));
    EXPECT_TRUE(second->append(bytes.substr(kept)));
    EXPECT_EQ(second->md5_hex(), crypto::hex(crypto::md5(bytes)));
    const BlobInfo info = second->finish().value();
    EXPECT_EQ(store_->read(corp, info.hash, 0, 0).value(), bytes);
    EXPECT_EQ(files(), 1U);
    EXPECT_EQ(writer("upload")->size(), 0) << "the next upload of that name starts anew";
}

TEST_F(Blobs, ACrashKeepsTheWholeChunksAndCutsTheRest) {
    const std::string bytes = content(2 * chunk + 300);
    const fs::path partial = fs::path(directory()) / corp.str() / "partial" / "upload";
    std::string crashed;
    {
        const auto first = writer("upload");
        EXPECT_TRUE(first->append(bytes));
        crashed = slurp(partial);  // as kill -9 would leave it: the tail is still in memory
        first->discard();
    }
    const std::vector<std::pair<std::string, std::size_t>> cases{
        {crashed, 2 * chunk},
        {crashed + "torn", 2 * chunk},
        {crashed.substr(0, crashed.size() - 1), chunk},
        {crashed.substr(0, crashed.size() / 2 - 100), 0},
        {crashed.substr(0, 5), 0},
        {"", 0},
        {std::string(1000, 'x'), 0},
    };
    for (const auto& [left, kept] : cases) {
        spill(partial, left);
        const auto again = writer("upload");
        ASSERT_EQ(again->size(), static_cast<std::int64_t>(kept));
        EXPECT_TRUE(again->append(bytes.substr(kept)));
        const BlobInfo info = again->finish().value();
        EXPECT_EQ(info.hash, crypto::hex(crypto::sha256(bytes)));
        EXPECT_EQ(store_->read(corp, info.hash, 0, 0).value(), bytes);
    }
}

TEST_F(Blobs, OneWriterPerName) {
    const auto first = writer("upload");
    const auto second = store_->writer(corp, "upload");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::conflict);
    EXPECT_TRUE(store_->writer(corp, "other"));
    EXPECT_TRUE(store_->writer(CorpId{8}, "upload"));
    EXPECT_TRUE(first->append("x"));
    EXPECT_TRUE(first->finish());
    EXPECT_EQ(first->append("y").error().code, ErrorCode::conflict);
    EXPECT_EQ(first->finish().error().code, ErrorCode::conflict);
}

TEST_F(Blobs, DamageIsSeenAndAFreshUploadHealsIt) {
    const std::string bytes = content(2 * chunk + 10);
    const BlobInfo info = put("upload", bytes);
    const std::string good = slurp(path_of(info));
    for (const std::size_t at :
         {std::size_t{0},
          std::size_t{14},
          std::size_t{100},
          chunk,
          good.size() / 2,
          good.size() - 20,
          good.size() - 1}) {
        std::string damaged = good;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        spill(path_of(info), damaged);
        const auto read = store_->read(corp, info.hash, 0, 0);
        ASSERT_FALSE(read) << at;
        EXPECT_EQ(read.error().code, ErrorCode::corrupt) << at;
    }
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{3}, good.size() / 2, good.size() - 1}) {
        spill(path_of(info), good.substr(0, size));
        EXPECT_EQ(store_->read(corp, info.hash, 0, 0).error().code, ErrorCode::corrupt) << size;
    }
    put("again", bytes);
    EXPECT_EQ(store_->read(corp, info.hash, 0, 0).value(), bytes);
}

TEST_F(Blobs, ABlobUnderAnotherNameDoesNotOpen) {
    const BlobInfo one = put("one", "content one");
    const BlobInfo two = put("two", "content two");
    spill(path_of(two), slurp(path_of(one)));
    EXPECT_EQ(store_->read(corp, two.hash, 0, 0).error().code, ErrorCode::corrupt);
    EXPECT_EQ(store_->stat(corp, two.hash).error().code, ErrorCode::corrupt);
}

TEST_F(Blobs, NamesCannotLeaveTheFolder) {
    for (const char* name : {"", "..", "../x", "a/b", "a.b", "a b", "\n"}) {
        EXPECT_EQ(store_->writer(corp, name).error().code, ErrorCode::invalid) << name;
    }
    EXPECT_FALSE(store_->writer(corp, std::string(101, 'a')));
    EXPECT_TRUE(store_->writer(corp, std::string(100, 'a')));
    for (const char* hash : {"", "..", "../../master.key", "ABCDEF"}) {
        EXPECT_FALSE(store_->exists(corp, hash)) << hash;
        EXPECT_EQ(store_->read(corp, hash, 0, 0).error().code, ErrorCode::not_found) << hash;
        EXPECT_EQ(store_->remove(corp, hash).error().code, ErrorCode::not_found) << hash;
    }
}

TEST_F(Blobs, RemoveAndDiscardLeaveNothing) {
    const BlobInfo info = put("upload", "bytes");
    EXPECT_TRUE(store_->remove(corp, info.hash));
    EXPECT_FALSE(store_->exists(corp, info.hash));
    EXPECT_EQ(store_->remove(corp, info.hash).error().code, ErrorCode::not_found);
    const auto upload = writer("other");
    EXPECT_TRUE(upload->append("bytes"));
    upload->discard();
    EXPECT_EQ(files(), 0U);
}

TEST_F(Blobs, ManyWritersAtOnce) {
    const std::string bytes = content(chunk + 1);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([this, t, &bytes] {
            for (int i = 0; i < 5; ++i) {
                put("thread-" + std::to_string(t), bytes);
            }
        });
    }
    threads.clear();
    EXPECT_EQ(files(), 1U);
    EXPECT_EQ(store_->read(corp, crypto::hex(crypto::sha256(bytes)), 0, 0).value(), bytes);
}

}  // namespace
}  // namespace leadbridge
