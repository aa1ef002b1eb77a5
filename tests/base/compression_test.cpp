#include "base/compression.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace leadbridge {
namespace {

// printf 'leadbridge %.0s' $(seq 200) | gzip -9n
const std::string packed =
    crypto::unhex(
        "1f8b0800000000000203cb494d4c492aca4c494f55c819658e324799a3cc51e628739439ca1c482600df7d60"
        "2398080000"
    )
        .value();

std::string clear() {
    std::string text;
    for (int i = 0; i < 200; ++i) {
        text += "leadbridge ";
    }
    return text;
}

TEST(Gunzip, GivesBackWhatWasPacked) {
    auto text = gunzip(packed, 1 << 20);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text, clear());
}

TEST(Gunzip, TakesExactlyTheLimitAndNothingAboveIt) {
    EXPECT_TRUE(gunzip(packed, clear().size()));
    EXPECT_FALSE(gunzip(packed, clear().size() - 1));
    EXPECT_FALSE(gunzip(packed, 0));
}

TEST(Gunzip, RefusesEveryCutAndEveryFlippedByteOfItsContent) {
    for (std::size_t cut = 0; cut < packed.size(); ++cut) {
        EXPECT_FALSE(gunzip(packed.substr(0, cut), 1 << 20)) << cut;
    }
    for (std::size_t at = 10; at < packed.size(); ++at) {  // behind the header's free fields
        std::string bad = packed;
        bad[at] = static_cast<char>(bad[at] ^ 0x10);
        const auto text = gunzip(bad, 1 << 20);
        EXPECT_FALSE(text && *text != clear()) << at;
    }
    EXPECT_FALSE(gunzip(packed + "x", 1 << 20));
    EXPECT_FALSE(gunzip("plain text", 1 << 20));
}

}  // namespace
}  // namespace leadbridge
