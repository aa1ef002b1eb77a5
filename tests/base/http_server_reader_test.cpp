#include "base/http_server_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace leadbridge {
namespace {

ReadStep feed(HttpRequestReader& reader, std::string_view bytes, std::size_t step = 1'000'000) {
    ReadStep state = ReadStep::need_more;
    while (!bytes.empty() && (state == ReadStep::need_more || state == ReadStep::want_continue)) {
        const auto space = reader.space();
        const auto n = std::min({space.size(), bytes.size(), step});
        std::memcpy(space.data(), bytes.data(), n);
        bytes.remove_prefix(n);
        state = reader.received(n);
    }
    EXPECT_TRUE(bytes.empty());
    return state;
}

TEST(HttpRequestReader, UnderstandsTheSameInPiecesOfEverySize) {
    const std::string bytes =
        "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX: 1\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5;e=\"q\"\r\nhello\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n";
    const HttpReadLimits limits;
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        HttpRequestReader reader(limits);
        EXPECT_EQ(reader.begin(), ReadStep::need_more);
        ASSERT_EQ(feed(reader, bytes, step), ReadStep::ready) << step;
        EXPECT_EQ(reader.request().body, "hello!");
        EXPECT_EQ(reader.request().query.get("b"), "c");
        EXPECT_FALSE(reader.request().headers.has("T"));
        EXPECT_TRUE(reader.keep_alive());
        EXPECT_FALSE(reader.has_bytes());
    }
}

TEST(HttpRequestReader, KeepsWhatCameBehindARequest) {
    const HttpReadLimits limits;
    HttpRequestReader reader(limits);
    reader.begin();
    const std::string one = "HEAD /1 HTTP/1.0\r\n\r\n";
    EXPECT_EQ(feed(reader, one + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET"), ReadStep::ready);
    EXPECT_TRUE(reader.is_head());
    EXPECT_FALSE(reader.keep_alive());
    EXPECT_EQ(reader.version(), 10);
    EXPECT_EQ(reader.begin(), ReadStep::ready);
    EXPECT_EQ(reader.request().path, "/2");
    EXPECT_FALSE(reader.is_head());
    EXPECT_EQ(reader.begin(), ReadStep::need_more);
    EXPECT_TRUE(reader.has_bytes());
    EXPECT_TRUE(reader.in_header());
    reader.clear();
    EXPECT_FALSE(reader.has_bytes());
}

TEST(HttpRequestReader, AsksForTheBodyOnce) {
    const HttpReadLimits limits;
    HttpRequestReader reader(limits);
    reader.begin();
    EXPECT_EQ(
        feed(
            reader, "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"
        ),
        ReadStep::want_continue
    );
    EXPECT_EQ(feed(reader, "a"), ReadStep::need_more);
    EXPECT_EQ(feed(reader, "b"), ReadStep::ready);
}

TEST(HttpRequestReader, RefusesHeadersWithoutEndAtTheLimit) {
    HttpReadLimits limits;
    limits.max_header_bytes = 100;
    HttpRequestReader reader(limits);
    reader.begin();
    EXPECT_EQ(feed(reader, "GET /" + std::string(95, 'a')), ReadStep::need_more);
    EXPECT_EQ(feed(reader, "a"), ReadStep::refused);
    EXPECT_EQ(reader.refusal(), 431);
}

}  // namespace
}  // namespace leadbridge
