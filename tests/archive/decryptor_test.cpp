#include "archive/decryptor.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/archive/archive_world.h"

namespace leadbridge::archive {
namespace {

std::string seal(int version, const std::string& text) {
    return crypto::base64(sample_key(version).encrypt_pkcs1(text).value());
}

TEST(KeyRing, KnowsItsVersionsAndNamesWhatItCannotRead) {
    const KeyRing ring({private_key(1), {2, Secret("not a key")}, private_key(3)});
    EXPECT_NE(ring.find(1), nullptr);
    EXPECT_EQ(ring.find(2), nullptr);
    EXPECT_EQ(ring.find(4), nullptr);
    EXPECT_EQ(ring.unreadable(), std::vector<int>{2});
}

TEST(KeyRing, TheFingerprintFollowsTheKeys) {
    EXPECT_EQ(KeyRing({private_key(1)}).fingerprint(), KeyRing({private_key(1)}).fingerprint());
    EXPECT_NE(
        KeyRing({private_key(1)}).fingerprint(),
        KeyRing({private_key(1), private_key(2)}).fingerprint()
    );
    EXPECT_NE(
        KeyRing({private_key(1)}).fingerprint(),
        KeyRing({{1, sample_key(2).private_pem()}}).fingerprint()
    );
}

TEST(RsaPool, KeepsTheOrderAndTellsTroubleApart) {
    RsaPool pool(4);
    std::vector<std::string> sealed;
    std::vector<SealedKey> keys;
    sealed.reserve(200);
    for (int i = 0; i < 200; ++i) {
        sealed.push_back(seal(1, "key" + std::to_string(i)));
        keys.push_back({&sample_key(1), sealed.back()});
    }
    const std::string binary = seal(1, "a\x01z");
    keys[10].key = nullptr;
    keys[20].key = &sample_key(2);
    keys[30].random_key = "?";
    keys[40].random_key = binary;
    const auto out = pool.decrypt(keys);
    ASSERT_EQ(out.size(), 200U);
    EXPECT_EQ(out[10].error().reason, "no_key");
    EXPECT_EQ(out[20].error().reason, "wrong_key");
    EXPECT_EQ(out[30].error().reason, "bad_random_key");
    EXPECT_EQ(out[40].error().reason, "wrong_key");
    for (std::size_t i = 41; i < 200; ++i) {
        EXPECT_EQ(out[i].value(), "key" + std::to_string(i));
    }
    EXPECT_TRUE(pool.decrypt({}).empty());
}

TEST(RsaPool, ManyCallersShareIt) {
    RsaPool pool(2);
    std::vector<std::thread> callers;
    std::atomic<int> right{0};
    for (int c = 0; c < 6; ++c) {
        callers.emplace_back([&, c] {
            const std::string text = "caller" + std::to_string(c);
            const std::string sealed = seal(1, text);
            const std::vector<SealedKey> keys(20, SealedKey{&sample_key(1), sealed});
            for (const auto& result : pool.decrypt(keys)) {
                right += result && *result == text ? 1 : 0;
            }
        });
    }
    for (auto& caller : callers) {
        caller.join();
    }
    EXPECT_EQ(right, 120);
}

}  // namespace
}  // namespace leadbridge::archive
