// What leaves the machine in a sealed file comes back whole or not at all.

#include "base/sealed_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/compression.h"
#include "base/crypto.h"
#include "tests/base/temp_database.h"

namespace leadbridge {
namespace {

struct SealedFile : testing::Test {
    TempDir dir;
    SeededRng rng{7};
    const Secret key{std::string(32, 'k')};
    int made = 0;

    static void write(const std::string& path, const std::string& bytes) {
        std::ofstream(path, std::ios::binary) << bytes;
    }

    static std::string read(const std::string& path) {
        std::ostringstream out;
        out << std::ifstream(path, std::ios::binary).rdbuf();
        return std::move(out).str();
    }

    std::string seal(const std::string& clear, std::string_view role = "core.db") {
        const std::string from = dir.file("clear" + std::to_string(++made));
        const std::string to = from + ".sealed";
        write(from, clear);
        const auto info = seal_file(from, to, key, role, rng);
        EXPECT_TRUE(info);
        EXPECT_EQ(info->sha256, crypto::hex(crypto::sha256(clear)));
        EXPECT_EQ(info->clear_bytes, static_cast<std::int64_t>(clear.size()));
        EXPECT_EQ(info->file_bytes, static_cast<std::int64_t>(std::filesystem::file_size(to)));
        return to;
    }

    Result<SealedInfo> open(
        const std::string& file, const Secret& with, std::string_view role = "core.db"
    ) {
        last = dir.file("opened" + std::to_string(++made));
        return open_sealed_file(file, last, with, role);
    }

    // The bytes as a file of their own, opened.
    Result<SealedInfo> open_bytes(const std::string& bytes) {
        const std::string path = dir.file("changed");
        write(path, bytes);
        std::filesystem::remove(dir.file("out"));
        return open_sealed_file(path, dir.file("out"), key, "core.db");
    }

    std::string last;
};

std::string noise(std::size_t size) {
    return SeededRng(3).bytes(size);
}

TEST_F(SealedFile, ComesBackWhole) {
    for (const std::string& clear :
         {std::string(), std::string("x"), std::string(3 << 20, 'a'), noise((5 << 20) + 17)}) {
        const std::string sealed = seal(clear);
        const auto info = open(sealed, key);
        ASSERT_TRUE(info) << info.error().message;
        EXPECT_EQ(info->sha256, crypto::hex(crypto::sha256(clear)));
        EXPECT_EQ(read(last), clear);
    }
    EXPECT_LT(std::filesystem::file_size(seal(std::string(3 << 20, 'a'))), 4'000U);
}

TEST_F(SealedFile, EveryFlippedByteIsFound) {
    const std::string bytes = read(seal("sample data of a small file"));
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (const int bit : {0x01, 0x80}) {
            std::string bad = bytes;
            bad[at] = static_cast<char>(bad[at] ^ bit);
            const auto opened = open_bytes(bad);
            ASSERT_FALSE(opened) << at;
            EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
            EXPECT_NE(opened.error().message.find(dir.file("changed")), std::string::npos);
        }
    }
}

TEST_F(SealedFile, EveryCutAndEveryAdditionIsFound) {
    const std::string bytes = read(seal("sample data of a small file"));
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        ASSERT_FALSE(open_bytes(bytes.substr(0, cut))) << cut;
    }
    EXPECT_FALSE(open_bytes(bytes + "x"));
    EXPECT_FALSE(open_bytes(bytes + bytes.substr(40)));
}

// A cut between two pieces, and two that change places, leave every piece whole in itself.
TEST_F(SealedFile, PiecesStandInTheirOrderUpToTheLast) {
    constexpr std::size_t head = 40;
    constexpr std::size_t frame = (1 << 20) + 16 + 4;
    const std::string bytes = read(seal(noise(3 << 20)));
    ASSERT_GT(bytes.size(), head + 3 * frame);
    EXPECT_FALSE(open_bytes(bytes.substr(0, head + frame)));
    EXPECT_FALSE(open_bytes(bytes.substr(0, head + 3 * frame)));
    EXPECT_FALSE(open_bytes(bytes.substr(0, head) + bytes.substr(head + frame)));
    EXPECT_FALSE(open_bytes(
        bytes.substr(0, head) + bytes.substr(head + frame, frame) + bytes.substr(head, frame) +
        bytes.substr(head + 2 * frame)
    ));
    EXPECT_TRUE(open_bytes(bytes));
}

TEST_F(SealedFile, BelongsToItsKeyAndItsRole) {
    const std::string sealed = seal("sample");
    EXPECT_FALSE(open(sealed, Secret(std::string(32, 'o'))));
    EXPECT_FALSE(open(sealed, key, "archive.db"));
    EXPECT_TRUE(open(sealed, key));
    EXPECT_NE(master_key_print(key), master_key_print(Secret(std::string(32, 'o'))));
}

// Two files of one content share nothing: a nonce is never used twice with one key.
TEST_F(SealedFile, EachHasItsOwnSalt) {
    EXPECT_NE(read(seal("sample")).substr(8), read(seal("sample")).substr(8));
}

TEST_F(SealedFile, GivesUpWhenAsked) {
    write(dir.file("clear"), noise(3 << 20));
    const auto info =
        seal_file(dir.file("clear"), dir.file("sealed"), key, "core.db", rng, [](std::int64_t) {
            return false;
        });
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().reason, "given_up");
}

TEST(Zstd, PiecesOfAnySizeGiveBackTheSame) {
    const std::string clear = noise(300'000) + std::string(900'000, 'z');
    for (const std::size_t step : {1'000U, 65'536U, 2'000'000U}) {
        Packer packer;
        std::string packed;
        for (std::size_t at = 0; at < clear.size(); at += step) {
            packer.pack(std::string_view(clear).substr(at, step), packed);
        }
        packer.finish(packed);
        Unpacker unpacker;
        std::string out;
        for (std::size_t at = 0; at < packed.size(); at += step) {
            EXPECT_FALSE(unpacker.ended());
            ASSERT_TRUE(unpacker.unpack(
                std::string_view(packed).substr(at, step),
                [&](std::string_view bytes) { out += bytes; }
            ));
        }
        EXPECT_TRUE(unpacker.ended());
        EXPECT_EQ(out, clear);
        EXPECT_FALSE(unpacker.unpack("x", [](std::string_view) {}));
    }
}

}  // namespace
}  // namespace leadbridge
