// What the server refuses: malformed requests, and more than its limits.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/http_server.h"
#include "tests/base/net_support.h"

namespace leadbridge {
namespace {

using test::echo;
using test::get;
using test::post;
using test::status_of;
using test::TestServer;

TEST(HttpServerRefusals, RefusesMalformedRequestsAndCloses) {
    std::atomic<int> handled{0};
    const TestServer s([&](Request&&, const Responder& r) {
        ++handled;
        r.respond(Response::empty(200));
    });
    const std::vector<std::pair<std::string, int>> cases{
        {"GET / HTTP/1.1\r\n\r\n", 400},  // no Host
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
         "3\r\n\r\n0\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
         400},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\tfolded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\nHost: a\n\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\rX: 1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1, '\0') + "\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nB@d: 1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 505},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 505},
        {"GET /\r\nHost: a\r\n\r\n", 400},
        {"GET nopath HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /#frag HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /?a=%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", 417},
        {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"\x16\x03\x01\x02", 400},
    };
    for (const auto& [bytes, status] : cases) {
        auto client = s.client();
        client.send(bytes);
        client.send(get("/smuggled"));
        client.end_sending();
        const auto [answer, closed] = client.rest(3'000);
        EXPECT_EQ(status_of(answer), status) << bytes << "\n->\n" << answer;
        EXPECT_TRUE(closed) << bytes;
        EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
        EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos)
            << "a second answer after " << bytes;
    }
    EXPECT_EQ(handled, 0);
}

TEST(HttpServerRefusals, HoldsItsLimits) {
    HttpServerOptions options;
    options.max_header_bytes = 2'000;
    options.max_body_bytes = 100;
    options.body_limit = [](Method method, std::string_view path) -> std::size_t {
        return method == Method::post && path == "/big" ? 100'000 : 0;
    };
    const TestServer s(
        [](Request&& r, const Responder& out) {
            out.respond(Response::text(200, std::to_string(r.body.size())));
        },
        options
    );
    const auto status = [&](const std::string& bytes) {
        auto client = s.client();
        client.send(bytes);
        return status_of(client.rest(300).first);
    };
    const std::string chunk =
        "POST /small HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" +
        std::string(64, 'x') + "\r\n40\r\n" + std::string(64, 'x') + "\r\n0\r\n\r\n";
    EXPECT_EQ(status(post("/small", std::string(100, 'x'))), 200);
    EXPECT_EQ(status(post("/small", std::string(101, 'x'))), 413);
    EXPECT_EQ(status(chunk), 413);
    EXPECT_EQ(status("POST /small HTTP/1.1\r\nHost: t\r\nContent-Length: 9000000000\r\n\r\n"), 413);
    EXPECT_EQ(status(post("/big", std::string(100'000, 'x'))), 200);
    EXPECT_EQ(status(post("/big", std::string(100'001, 'x'))), 413);
    EXPECT_EQ(status(get("/" + std::string(2'000, 'a'))), 431);
    EXPECT_EQ(status("GET /" + std::string(5'000, 'a')), 431);  // never ends
    std::string many;
    for (int i = 0; i < 130; ++i) {
        many += "A: b\r\n";
    }
    EXPECT_EQ(status(get("/", many)), 431);
    EXPECT_EQ(
        status(
            "POST /big HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
            std::string(5'000, 'e')
        ),
        431
    );
}

// The answer must arrive although the client is still sending: a reset would take it away.
TEST(HttpServerRefusals, DeliversTheRefusalToAClientStillSending) {
    HttpServerOptions options;
    options.max_body_bytes = 1'000;
    const TestServer s(echo, options);
    for (int i = 0; i < 20; ++i) {
        auto client = s.client();
        client.send(post("/", std::string(1'000'000, 'x')));
        EXPECT_EQ(status_of(client.response()), 413);
    }
}

TEST(HttpServerRefusals, BoundsTheMemoryOfAllBodiesTogether) {
    HttpServerOptions options;
    options.max_buffered_bytes = 150'000;
    const TestServer s(echo, options);
    const std::string start = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 120000\r\n\r\n";
    auto first = s.client();
    first.send(start + std::string(100'000, 'x'));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    auto second = s.client();
    second.send(start + std::string(100'000, 'x'));
    EXPECT_EQ(status_of(second.response()), 503);
    first.send(std::string(20'000, 'x'));
    EXPECT_EQ(status_of(first.response()), 200);
    auto third = s.client();  // what was held is free again
    third.send(start + std::string(120'000, 'x'));
    EXPECT_EQ(status_of(third.response()), 200);
}

// Whoever fills the bound with large bodies must not shut WeCom's callbacks out.
TEST(HttpServerRefusals, SmallBodiesPassWhereLargeOnesHaveFilledTheBound) {
    HttpServerOptions options;
    options.max_buffered_bytes = 150'000;
    const TestServer s(echo, options);
    std::vector<test::RawClient> holders;  // each sends nearly all of a body and no more
    for (int i = 0; i < 3; ++i) {
        holders.push_back(s.client());
        holders.back().send(
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 60000\r\n\r\n" + std::string(59'000, 'x')
        );
    }
    const std::string large = post("/", std::string(70'000, 'x'));
    int status = 0;
    for (int tries = 0; status != 503 && tries < 1'000; ++tries) {  // until all of it has arrived
        auto client = s.client();
        client.send(large);
        status = status_of(client.response());
    }
    EXPECT_EQ(status, 503);
    auto callback = s.client();
    callback.send(post("/callback", std::string(2'000, 'x')));
    EXPECT_EQ(status_of(callback.response()), 200);
}

TEST(HttpServerRefusals, SaysContinueOnlyWhenTheBodyIsWelcome) {
    HttpServerOptions options;
    options.max_body_bytes = 10;
    const TestServer s(echo, options);
    const auto head = [](int length) {
        return "POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: " +
               std::to_string(length) + "\r\n\r\n";
    };
    auto client = s.client();
    client.send(head(4));
    EXPECT_EQ(client.response(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    EXPECT_TRUE(client.response().ends_with("[body]"));
    client.send(head(4) + "body");  // did not wait: no need to invite
    EXPECT_TRUE(client.response().ends_with("[body]"));
    client.send(head(11));
    EXPECT_EQ(status_of(client.response()), 413);
}

TEST(HttpServerRefusals, RefusesWorkWhenTheQueueIsFull) {
    HttpServerOptions options;
    options.web_workers = 1;
    options.max_queued_requests = 1;
    std::promise<void> go;
    auto gate = go.get_future().share();
    std::atomic<int> started{0};
    const TestServer s(
        [&](Request&&, const Responder& r) {
            ++started;
            gate.wait();
            r.respond(Response::empty(200));
        },
        options
    );
    auto first = s.client();
    first.send(get("/"));
    while (started == 0) {
        std::this_thread::yield();
    }
    auto second = s.client();
    second.send(get("/"));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    auto third = s.client();
    third.send(get("/"));
    const auto refused = third.response();
    EXPECT_EQ(status_of(refused), 503);
    EXPECT_NE(refused.find("Retry-After: "), std::string::npos);
    go.set_value();
    EXPECT_EQ(status_of(first.response()), 200);
    EXPECT_EQ(status_of(second.response()), 200);
}

}  // namespace
}  // namespace leadbridge
