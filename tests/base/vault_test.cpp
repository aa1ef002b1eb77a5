#include "base/vault.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include "base/crypto.h"
#include "tests/base/temp_database.h"

namespace leadbridge {
namespace {

const Secret master(std::string(32, 'm'));
const Secret other_master(std::string(32, 'o'));
const CorpId corp_a{7};
const CorpId corp_b{8};

struct VaultTest : testing::Test {
    TempDatabase t{{{"vault", Vault::migrations()}}};
    SeededRng rng{1};

    std::unique_ptr<Vault> open(const Secret& key = master) {
        auto vault = Vault::open(t.db(), t.clock, rng, key);
        EXPECT_TRUE(vault);
        return std::move(*vault);
    }
};

TEST_F(VaultTest, OpensWhatItSealed) {
    auto vault = open();
    for (const std::string& plain :
         {std::string(),
          std::string("你好"),
          std::string(100'000, 'x'),
          std::string("\0\xff", 2)}) {
        auto opened = vault->open(corp_a, vault->seal(corp_a, plain, "place:1"), "place:1");
        ASSERT_TRUE(opened);
        EXPECT_EQ(*opened, plain);
    }
}

TEST_F(VaultTest, ClearTextAndEqualValuesCannotBeSeen) {
    auto vault = open();
    const auto one = vault->seal(corp_a, "secret words", "p");
    const auto two = vault->seal(corp_a, "secret words", "p");
    EXPECT_NE(one, two);
    EXPECT_EQ(one.find("secret"), std::string::npos);
}

TEST_F(VaultTest, AValueDoesNotOpenElsewhere) {
    auto vault = open();
    const auto sealed = vault->seal(corp_a, "plain", "place:1");
    static_cast<void>(vault->seal(corp_b, "plain", "place:1"));
    EXPECT_EQ(vault->open(corp_a, sealed, "place:2").error().code, ErrorCode::corrupt);
    EXPECT_EQ(vault->open(corp_b, sealed, "place:1").error().code, ErrorCode::corrupt);
    EXPECT_EQ(vault->open(CorpId{99}, sealed, "place:1").error().code, ErrorCode::corrupt);
}

TEST_F(VaultTest, EveryFlippedByteAndEveryCutIsRefused) {
    auto vault = open();
    const auto sealed = vault->seal(corp_a, "plain", "p");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto bad = sealed;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        EXPECT_FALSE(vault->open(corp_a, bad, "p")) << "byte " << i;
        EXPECT_FALSE(vault->open(corp_a, sealed.substr(0, i), "p")) << "cut at " << i;
    }
}

TEST_F(VaultTest, OldMonthsStayReadable) {
    auto vault = open();
    const auto sealed = vault->seal(corp_a, "old", "p");
    t.clock.advance(400LL * 24 * 3600 * 1000);
    EXPECT_NE(vault->seal(corp_a, "new", "p").substr(0, 3), sealed.substr(0, 3));
    EXPECT_EQ(*vault->open(corp_a, sealed, "p"), "old");
    vault = open();  // and from the file
    EXPECT_EQ(*vault->open(corp_a, sealed, "p"), "old");
}

TEST_F(VaultTest, AWrongMasterKeyIsRefused) {
    auto vault = open();
    auto wrong = Vault::open(t.db(), t.clock, rng, other_master);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::auth);
    EXPECT_EQ(Vault::open(t.db(), t.clock, rng, Secret("short")).error().code, ErrorCode::invalid);
}

TEST_F(VaultTest, DerivedKeysAreStableAndDistinct) {
    auto vault = open();
    const std::set<std::string> keys = {
        vault->derive(corp_a, "search"),
        vault->derive(corp_b, "search"),
        vault->derive(corp_a, "identity"),
        std::string(vault->log_key().reveal())};
    EXPECT_EQ(keys.size(), 4U);
    const auto before = vault->derive(corp_a, "search");
    EXPECT_EQ(open()->derive(corp_a, "search"), before);
}

TEST_F(VaultTest, FirstUseInsideAWriteJoinsIt) {
    auto vault = open();
    std::string sealed;
    auto kept = t.db().write<bool>([&](Transaction&) -> Result<bool> {
        sealed = vault->seal(corp_a, "inside", "p");
        EXPECT_EQ(*vault->open(corp_a, sealed, "p"), "inside");
        return true;
    });
    ASSERT_TRUE(kept);
    EXPECT_EQ(*open()->open(corp_a, sealed, "p"), "inside");
}

TEST_F(VaultTest, AKeyThatWasRolledBackIsForgotten) {
    auto vault = open();
    std::string lost;
    auto undone = t.db().write<bool>([&](Transaction&) -> Result<bool> {
        lost = vault->seal(corp_a, "lost", "p");
        return Error{ErrorCode::rule_broken, "no"};
    });
    ASSERT_FALSE(undone);
    const auto kept = vault->seal(corp_a, "kept", "p");
    EXPECT_EQ(*open()->open(corp_a, kept, "p"), "kept");
    EXPECT_FALSE(vault->open(corp_a, lost, "p"));
}

TEST_F(VaultTest, RewrapChangesTheMasterAndNoData) {
    auto vault = open();
    const auto sealed = vault->seal(corp_a, "plain", "p");
    const auto log_key = std::string(vault->log_key().reveal());
    ASSERT_TRUE(vault->rewrap(other_master));
    const auto later = vault->seal(corp_b, "later", "p");
    EXPECT_EQ(*vault->open(corp_a, sealed, "p"), "plain");
    EXPECT_EQ(Vault::open(t.db(), t.clock, rng, master).error().code, ErrorCode::auth);
    auto again = open(other_master);
    EXPECT_EQ(*again->open(corp_a, sealed, "p"), "plain");
    EXPECT_EQ(*again->open(corp_b, later, "p"), "later");
    EXPECT_EQ(again->log_key().reveal(), log_key);
}

TEST_F(VaultTest, ADamagedCorpKeyIsNotReplaced) {
    static_cast<void>(open()->seal(corp_a, "x", "p"));
    ASSERT_TRUE(t.db().write<bool>([](Transaction& tx) -> Result<bool> {
        tx.execute(
            "UPDATE corp_key SET wrapped = ? WHERE corp_id = ?",
            {Blob{std::string(60, 'z')}, corp_a}
        );
        return true;
    }));
    EXPECT_THROW(static_cast<void>(open()->seal(corp_a, "x", "p")), DatabaseError);
}

TEST(VaultThreads, ManyFirstUsesMakeOneKey) {
    TempDatabase t({{"vault", Vault::migrations()}}, SqliteWriterMode::own_thread);
    SystemRng rng;
    auto vault = std::move(*Vault::open(t.db(), t.clock, rng, master));
    std::vector<std::string> sealed(8);
    {
        std::vector<std::jthread> threads;
        for (auto& value : sealed) {
            threads.emplace_back([&] { value = vault->seal(corp_a, "x", "p"); });
        }
    }
    auto fresh = std::move(*Vault::open(t.db(), t.clock, rng, master));
    for (const auto& value : sealed) {
        EXPECT_TRUE(fresh->open(corp_a, value, "p"));
    }
}

struct MasterKey : testing::Test {
    MasterKey() { unsetenv("LEADBRIDGE_MASTER_KEY"); }

    ~MasterKey() override { unsetenv("LEADBRIDGE_MASTER_KEY"); }

    TempDir dir;
    std::string file = dir.file("master.key");

    void put(const std::string& text, mode_t mode) const {
        std::ofstream(file) << text;
        chmod(file.c_str(), mode);
    }
};

TEST_F(MasterKey, IsMadeOnceForItsOwnerOnly) {
    auto made = load_master_key(file, MissingKey::create);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->reveal().size(), 32U);

    struct stat info {};

    ASSERT_EQ(stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    auto again = load_master_key(file, MissingKey::create);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->equals(made->reveal()));
}

TEST_F(MasterKey, MissingIsRefusedWithTheFix) {
    auto missing = load_master_key(file, MissingKey::refuse);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::not_found);
    EXPECT_NE(missing.error().message.find(file), std::string::npos);
    EXPECT_NE(access(file.c_str(), F_OK), 0);
}

TEST_F(MasterKey, ReadableByOthersIsRefused) {
    put(crypto::base64(std::string(32, 'k')) + "\n", 0644);
    auto exposed = load_master_key(file, MissingKey::create);
    ASSERT_FALSE(exposed);
    EXPECT_NE(exposed.error().message.find("chmod 600"), std::string::npos);
    put(crypto::base64(std::string(32, 'k')) + "\n", 0600);
    EXPECT_TRUE(load_master_key(file, MissingKey::create));
}

TEST_F(MasterKey, WrongContentIsRefusedAndKept) {
    for (const std::string& text :
         {std::string("hello"),
          std::string(),
          crypto::base64(std::string(31, 'k')),
          std::string(10'000, 'A')}) {
        put(text, 0600);
        auto bad = load_master_key(file, MissingKey::create);
        ASSERT_FALSE(bad);
        EXPECT_EQ(bad.error().code, ErrorCode::invalid);
        EXPECT_EQ(bad.error().message.find(text.empty() ? "\x01" : text), std::string::npos);
    }
}

TEST_F(MasterKey, TheEnvironmentComesFirst) {
    setenv("LEADBRIDGE_MASTER_KEY", crypto::base64(std::string(32, 'e')).c_str(), 1);
    auto key = load_master_key(file, MissingKey::refuse);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->reveal(), std::string(32, 'e'));
    setenv("LEADBRIDGE_MASTER_KEY", "nonsense!", 1);
    EXPECT_EQ(load_master_key(file, MissingKey::refuse).error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace leadbridge
