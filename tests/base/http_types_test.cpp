#include "base/http_types.h"

#include <gtest/gtest.h>

#include "base/http_wire.h"

namespace leadbridge {
namespace {

TEST(Headers, CompareNamesWithoutCaseAndKeepOrderAndRepeats) {
    Headers h;
    h.add("Set-Cookie", "a");
    h.add("X", "1");
    h.add("set-cookie", "b");
    EXPECT_EQ(h.get("SET-COOKIE"), "a");
    EXPECT_EQ(h.count("set-Cookie"), 2U);
    EXPECT_FALSE(h.has("Set"));
    EXPECT_EQ(h.get("absent"), "");
    h.set("SET-cookie", "only");
    EXPECT_EQ(h.count("Set-Cookie"), 1U);
    EXPECT_EQ(h.all().front().second, "only");
    h.set("New", "n");
    EXPECT_EQ(h.all().back().first, "New");
}

TEST(Query, DecodesOnceAndKeepsPlus) {
    const auto q = Query::parse(
        "msg_signature=a%2Bb&echostr=x+y/z==&empty=&flag&a=1&a=2&%e4%b8%ad=%E6%96%87&d=%2541"
    );
    ASSERT_TRUE(q);
    EXPECT_EQ(q->get("msg_signature"), "a+b");
    EXPECT_EQ(q->get("echostr"), "x+y/z==");
    EXPECT_TRUE(q->has("empty"));
    EXPECT_TRUE(q->has("flag"));
    EXPECT_EQ(q->get("flag"), "");
    EXPECT_EQ(q->count("a"), 2U);
    EXPECT_EQ(q->get("a"), "1");
    EXPECT_EQ(q->get("中"), "文");
    EXPECT_EQ(q->get("d"), "%41");
    EXPECT_FALSE(q->has("A"));
}

TEST(Query, SkipsEmptyPairsAndRefusesBrokenEscapes) {
    EXPECT_EQ(Query::parse("")->all().size(), 0U);
    EXPECT_EQ(Query::parse("&&a=b&")->all().size(), 1U);
    EXPECT_EQ(Query::parse("=v")->get(""), "v");
    for (const auto* bad : {"%", "a=%", "a=%4", "%4=a", "a=%4g", "a=%%41", "a=% 41", "a=%-1"}) {
        const auto q = Query::parse(bad);
        ASSERT_FALSE(q) << bad;
        EXPECT_EQ(q.error().code, ErrorCode::invalid);
    }
}

TEST(Percent, EncodesAllButUnreservedAndComesBack) {
    std::string all;
    for (int c = 0; c < 256; ++c) {
        all.push_back(static_cast<char>(c));
    }
    const auto encoded = percent_encode(all);
    EXPECT_EQ(encoded.find_first_of("/?#&=+ %\"", 0), encoded.find('%'));
    EXPECT_EQ(*percent_decode(encoded), all);
    EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encode("a b/中"), "a%20b%2F%E4%B8%AD");
}

TEST(Method, NamesComeBack) {
    for (const Method m :
         {Method::get,
          Method::head,
          Method::post,
          Method::put,
          Method::patch,
          Method::del,
          Method::options}) {
        EXPECT_EQ(method_of(to_string(m)), m);
    }
    EXPECT_EQ(method_of("get"), Method::other);
    EXPECT_EQ(method_of("OTHER"), Method::other);
    EXPECT_EQ(to_string(Method::del), "DELETE");
}

TEST(HttpWire, WritesDates) {
    EXPECT_EQ(http_date(784111777000), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpWire, FindsTheClientBehindTrustedProxies) {
    const auto client = [](std::string_view peer,
                           std::vector<std::string> fields,
                           const std::vector<std::string>& trusted) {
        Headers h;
        for (auto& field : fields) {
            h.add("X-Forwarded-For", std::move(field));
        }
        return client_address(peer, h, trusted);
    };
    using V = std::vector<std::string>;
    EXPECT_EQ(client("9.9.9.9", {"1.1.1.1"}, {}), "9.9.9.9");
    EXPECT_EQ(client("9.9.9.9", {"1.1.1.1"}, V{"8.8.8.8"}), "9.9.9.9");
    EXPECT_EQ(client("9.9.9.9", {}, V{"9.9.9.9"}), "9.9.9.9");
    EXPECT_EQ(client("9.9.9.9", {"6.6.6.6, 1.1.1.1"}, V{"9.9.9.9"}), "1.1.1.1");
    EXPECT_EQ(client("9.9.9.9", {"6.6.6.6, 1.1.1.1 ,8.8.8.8"}, V{"9.9.9.9", "8.8.8.8"}), "1.1.1.1");
    EXPECT_EQ(
        client("9.9.9.9", {"6.6.6.6", "1.1.1.1"}, V{"9.9.9.9"}), "1.1.1.1"
    );  // fields are one list
    EXPECT_EQ(client("9.9.9.9", {"1.1.1.1, unknown"}, V{"9.9.9.9"}), "9.9.9.9");
    EXPECT_EQ(client("9.9.9.9", {"1.1.1.1,"}, V{"9.9.9.9"}), "9.9.9.9");
    EXPECT_EQ(client("9.9.9.9", {"1.1.1.1, 127.0.0.1"}, V{"9.9.9.9", "127.0.0.1"}), "1.1.1.1");
    EXPECT_EQ(client("9.9.9.9", {"9.9.9.9"}, V{"9.9.9.9"}), "9.9.9.9");
    EXPECT_EQ(client("::ffff:9.9.9.9", {"2001:DB8::0:1"}, V{"9.9.9.9"}), "2001:db8::1");
    EXPECT_EQ(client("::1", {"::ffff:1.1.1.1"}, V{"0:0::1"}), "1.1.1.1");
}

TEST(HttpWire, SeesBytesThatTwoParsersReadDifferently) {
    EXPECT_FALSE(has_ambiguous_bytes("GET / HTTP/1.1\r\nA: b c\td\r\n\r\n"));
    for (const std::string_view bad :
         {std::string_view("a\nb\r\n\r\n"),
          std::string_view("a\rb\r\n\r\n"),
          std::string_view("a\r\n b\r\n\r\n"),
          std::string_view("a\r\n\tb\r\n\r\n"),
          std::string_view("a\0b\r\n\r\n", 7),
          std::string_view("\n"),
          std::string_view("\r")}) {
        EXPECT_TRUE(has_ambiguous_bytes(bad)) << bad;
    }
}

}  // namespace
}  // namespace leadbridge
