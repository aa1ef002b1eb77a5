#include "base/outbound_url.h"

#include <gtest/gtest.h>

#include <string>

namespace leadbridge {
namespace {

TEST(OutboundUrl, AllowsPublicAddresses) {
    for (const auto* ip :
         {"1.1.1.1",
          "8.8.8.8",
          "9.255.255.255",
          "11.0.0.0",
          "100.63.255.255",
          "100.128.0.0",
          "126.255.255.255",
          "128.0.0.0",
          "169.253.255.255",
          "169.255.0.0",
          "172.15.255.255",
          "172.32.0.0",
          "192.0.1.0",
          "192.0.3.0",
          "192.88.98.255",
          "192.88.100.0",
          "192.167.255.255",
          "192.169.0.0",
          "198.17.255.255",
          "198.20.0.0",
          "198.51.99.255",
          "198.51.101.0",
          "203.0.112.255",
          "203.0.114.0",
          "223.255.255.255",
          "101.226.103.0",
          "2606:4700:4700::1111",
          "2400:3200::1",
          "2001:4860:4860::8888",
          "2001:200::1",
          "2001:db9::1",
          "2000::1",
          "2003::1",
          "3ffe::1",
          "::ffff:8.8.8.8",
          "::FFFF:808:808",
          "64:ff9b::8.8.8.8",
          "64:ff9b::808:808"}) {
        EXPECT_TRUE(is_public_address(ip)) << ip;
    }
}

TEST(OutboundUrl, RefusesEverythingElse) {
    for (const auto* ip :
         {"0.0.0.0",
          "0.255.255.255",
          "10.0.0.0",
          "10.255.255.255",
          "100.64.0.0",
          "100.100.100.200",
          "100.127.255.255",
          "127.0.0.1",
          "127.255.255.255",
          "169.254.0.0",
          "169.254.169.254",
          "172.16.0.0",
          "172.31.255.255",
          "192.0.0.1",
          "192.0.0.170",
          "192.0.2.1",
          "192.31.196.1",
          "192.52.193.1",
          "192.88.99.1",
          "192.168.0.1",
          "192.168.255.255",
          "192.175.48.1",
          "198.18.0.1",
          "198.19.255.255",
          "198.51.100.1",
          "203.0.113.1",
          "224.0.0.1",
          "239.255.255.255",
          "240.0.0.1",
          "255.255.255.255",
          // IPv6
          "::",
          "::1",
          "::8.8.8.8",
          "::ffff:0.0.0.0",
          "::ffff:10.0.0.1",
          "::ffff:127.0.0.1",
          "::ffff:7f00:1",
          "::ffff:169.254.169.254",
          "::ffff:0:127.0.0.1",
          "64:ff9b::10.0.0.1",
          "64:ff9b::7f00:1",
          "64:ff9b::a9fe:a9fe",
          "64:ff9b:1::8.8.8.8",
          "100::1",
          "fc00::1",
          "fd12:3456::1",
          "fe80::1",
          "febf::1",
          "fec0::1",
          "ff02::1",
          "ff0e::1",
          "2001::1",
          "2001:0:808:808::1",
          "2001:2::1",
          "2001:10::1",
          "2001:20::1",
          "2001:1ff:ffff::1",
          "2001:db8::1",
          "2001:db8:ffff::",
          "2002:808:808::1",
          "2002:7f00:1::",
          "2620:4f:8000::1",
          "3fff::1",
          "3fff:fff::1",
          "5f00::1",
          "4000::1",
          "1fff::1",
          "fe80::1%eth0",
          "2606:4700::1%eth0",
          // not addresses, or spelled in ways only some parsers take
          "",
          " ",
          "localhost",
          "example.com",
          "8.8.8",
          "8.8.8.8.8",
          "8.8.8.256",
          "08.8.8.8",
          "0x8.8.8.8",
          "134744072",
          "8.8.8.8 ",
          " 8.8.8.8",
          "8.8.8.8/32",
          "8.8.8.8:443",
          "[2606:4700::1]",
          "2606:4700",
          "2606:4700:::1",
          "2606::4700::1",
          "g::1"}) {
        EXPECT_FALSE(is_public_address(ip)) << ip;
    }
    EXPECT_FALSE(is_public_address(std::string("8.8.8.8\0x", 9)));
    EXPECT_FALSE(is_public_address(std::string(10'000, '1')));
}

TEST(OutboundUrl, KnowsLoopback) {
    for (const auto* ip :
         {"127.0.0.1",
          "127.0.0.0",
          "127.255.255.255",
          "::1",
          "0:0:0:0:0:0:0:1",
          "::ffff:127.0.0.1",
          "::ffff:7f12:3456"}) {
        EXPECT_TRUE(is_loopback_address(ip)) << ip;
    }
    for (const auto* ip :
         {"126.255.255.255",
          "128.0.0.0",
          "0.0.0.0",
          "::",
          "::2",
          "::127.0.0.1",
          "::ffff:128.0.0.1",
          "64:ff9b::7f00:1",
          "",
          "localhost",
          "127.1",
          "127.0.0.1:80"}) {
        EXPECT_FALSE(is_loopback_address(ip)) << ip;
    }
}

// Every address is either public or in a net the table names: walk the borders of the special nets.
TEST(OutboundUrl, HoldsTheBordersOfEverySecondOctet) {
    for (int b = 0; b < 256; ++b) {
        const std::string n = std::to_string(b);
        EXPECT_FALSE(is_public_address("10." + n + ".1.1"));
        EXPECT_EQ(is_public_address("100." + n + ".1.1"), b < 64 || b > 127) << b;
        EXPECT_EQ(is_public_address("172." + n + ".1.1"), b < 16 || b > 31) << b;
        EXPECT_EQ(is_public_address("198." + n + ".1.1"), b != 18 && b != 19) << b;
        EXPECT_EQ(is_public_address(n + ".1.1.1"), b != 0 && b != 10 && b != 127 && b < 224) << b;
    }
}

}  // namespace
}  // namespace leadbridge
