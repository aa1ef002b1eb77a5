#include "base/http_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/base/net_support.h"

namespace leadbridge {
namespace {

using test::echo;
using test::get;
using test::post;
using test::RawClient;
using test::status_of;
using test::TestServer;

TEST(HttpServer, KeepsTheConnectionAndGivesEveryRequestItsOwnId) {
    const TestServer s(echo);
    auto client = s.client();
    client.send(get("/a"));
    const auto first = client.response();
    client.send(post("/b", "body"));
    const auto second = client.response();
    EXPECT_TRUE(first.ends_with("GET /a []")) << first;
    EXPECT_TRUE(second.ends_with("POST /b [body]")) << second;
    const auto id = [](const std::string& r) {
        return r.substr(r.find("X-Request-Id: ") + 14, 15);
    };
    EXPECT_NE(first.find("X-Request-Id: "), std::string::npos);
    EXPECT_NE(id(first), id(second));
    EXPECT_NE(first.find("\r\nDate: "), std::string::npos);
}

TEST(HttpServer, ShowsHandlersTheRequest) {
    std::promise<Request> seen;
    const TestServer s([&](Request&& request, const Responder& responder) {
        seen.set_value(request);
        responder.respond(Response::empty(204));
    });
    auto client = s.client();
    client.send(get("/p%41th?a=1%2B&b=c+d", "X-One: 1\r\nx-one:  two  \r\n"));
    const auto answer = client.response();
    const Request r = seen.get_future().get();
    EXPECT_EQ(r.path, "/p%41th");
    EXPECT_EQ(r.raw_query, "a=1%2B&b=c+d");
    EXPECT_EQ(r.query.get("a"), "1+");
    EXPECT_EQ(r.query.get("b"), "c+d");
    EXPECT_EQ(r.headers.count("X-ONE"), 2U);
    EXPECT_EQ(r.headers.all().back().second, "two");
    EXPECT_EQ(r.remote_address, "127.0.0.1");
    EXPECT_GT(r.received_steady_ms, 0);
    EXPECT_NE(answer.find(r.request_id), std::string::npos);
    EXPECT_EQ(status_of(answer), 204);
    EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
    // The first handler is the slowest: order must not depend on who is ready first.
    const TestServer s([](Request&& request, Responder responder) {
        std::thread([request = std::move(request), responder = std::move(responder)] {
            std::this_thread::sleep_for(std::chrono::milliseconds(request.path == "/0" ? 50 : 0));
            responder.respond(Response::text(200, request.path + request.body));
        }).detach();
    });
    auto client = s.client();
    std::string all;
    for (int i = 0; i < 20; ++i) {
        all += i % 2 == 0 ? get("/" + std::to_string(i)) : post("/" + std::to_string(i), "b");
    }
    client.send(all);
    for (int i = 0; i < 20; ++i) {
        const auto expected = "\r\n\r\n/" + std::to_string(i) + (i % 2 == 0 ? "" : "b");
        EXPECT_TRUE(client.response().ends_with(expected)) << i;
    }
}

TEST(HttpServer, ReadsRequestsThatArriveByteByByte) {
    const TestServer s(echo);
    auto client = s.client();
    const std::string chunked =
        "PUT /slow HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n";
    for (const char c : post("/x", "hello") + chunked) {
        ASSERT_TRUE(client.send(std::string_view(&c, 1)));
    }
    EXPECT_TRUE(client.response().ends_with("POST /x [hello]"));
    EXPECT_TRUE(client.response().ends_with("PUT /slow [abcde]"));
}

// Beast's parser aborts by an assertion when a body's only chunk, the last one, comes in pieces.
TEST(HttpServer, TakesALastChunkInPieces) {
    const TestServer s(echo);
    auto client = s.client();
    const std::string head = "POST /e HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t cut = 0; cut < 5; ++cut) {
        client.send(head + std::string("0\r\n\r\n").substr(0, cut));
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        client.send(std::string("0\r\n\r\n").substr(cut));
        EXPECT_TRUE(client.response().ends_with("POST /e []")) << cut;
    }
}

TEST(HttpServer, DoesNotTakeTrailersForHeaders) {
    const TestServer s([](Request&& request, const Responder& r) {
        r.respond(Response::text(200, std::string(request.headers.get("Authorization"))));
    });
    auto client = s.client();
    client.send(
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: "
        "admin\r\n\r\n"
    );
    EXPECT_TRUE(client.response().ends_with("Content-Length: 0\r\n\r\n"));
}

TEST(HttpServer, SendsNoBodyToHead) {
    const TestServer s(echo);
    auto client = s.client();
    client.send("HEAD /h HTTP/1.1\r\nHost: t\r\n\r\n" + get("/next"));
    const auto head = client.response(false);
    EXPECT_NE(head.find("Content-Length: 10\r\n"), std::string::npos) << head;
    EXPECT_TRUE(client.response().ends_with("GET /next []"));
}

TEST(HttpServer, ClosesWhenAsked) {
    const TestServer s(echo);
    for (const std::string& request :
         {get("/", "Connection: close\r\n"), std::string("GET / HTTP/1.0\r\n\r\n")}) {
        auto client = s.client();
        client.send(request);
        const auto [bytes, closed] = client.rest(2'000);
        EXPECT_TRUE(closed);
        EXPECT_NE(bytes.find("Connection: close\r\n"), std::string::npos) << bytes;
    }
    auto old = s.client();
    old.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(old.response().find("Connection: keep-alive"), std::string::npos);
    old.send("GET /2 HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(old.response().ends_with("GET /2 []"));
}

TEST(HttpServer, ServesAClientThatHasFinishedSending) {
    const TestServer s([](Request&&, Responder responder) {
        std::thread([responder = std::move(responder)] {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            responder.respond(Response::text(200, "late but here"));
        }).detach();
    });
    auto client = s.client();
    client.send(get("/"));
    client.end_sending();
    const auto [bytes, closed] = client.rest(2'000);
    EXPECT_TRUE(closed);
    EXPECT_TRUE(bytes.ends_with("late but here"));
}

TEST(HttpServer, TakesTheFormsOfTargetsThatAreAllowed) {
    const TestServer s([](Request&& r, const Responder& out) {
        out.respond(
            Response::text(200, std::string(to_string(r.method)) + " " + r.path + "?" + r.raw_query)
        );
    });
    auto client = s.client();
    const std::vector<std::pair<std::string, std::string>> cases{
        {"GET http://host/abs?q=1", "GET /abs?q=1"},
        {"GET HTTP://host", "GET /?"},
        {"GET http://host?q", "GET /?q"},
        {"OPTIONS *", "OPTIONS *?"},
        {"GET /a??b", "GET /a??b"},
        {"BREW /pot", "OTHER /pot?"},
        {"DELETE //x", "DELETE //x?"},
        {"PATCH /p", "PATCH /p?"},
    };
    for (const auto& [line, expected] : cases) {
        client.send(line + " HTTP/1.1\r\nHost: t\r\n\r\n");
        EXPECT_TRUE(client.response().ends_with("\r\n\r\n" + expected)) << line;
    }
}

TEST(HttpServer, AnswersLateFromAnotherThread) {
    std::mutex mutex;
    std::vector<Responder> waiting;
    TestServer s([&](Request&&, Responder r) {
        const std::lock_guard lock(mutex);
        waiting.push_back(std::move(r));
    });
    std::vector<RawClient> clients;
    for (int i = 0; i < 64; ++i) {  // far more than web workers: no thread waits
        clients.push_back(s.client());
        clients.back().send(get("/"));
    }
    const auto all_there = [&] {
        const std::lock_guard lock(mutex);
        return waiting.size() == clients.size();
    };
    while (!all_there()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::thread([&] {
        for (const auto& r : waiting) {
            r.respond(Response::text(200, "stored"));
            r.respond(Response::text(200, "twice"));  // without effect
            r.close();                                // likewise
        }
        waiting.clear();
    }).join();
    for (auto& client : clients) {
        EXPECT_TRUE(client.response().ends_with("stored"));
        client.send(get("/"));
    }
    s.server.stop(0);
    waiting.clear();  // Responders that outlive their connections
}

TEST(HttpServer, ClosesWithoutASingleByte) {
    const TestServer s([](Request&& r, const Responder& out) {
        if (r.path == "/close") {
            out.close();
        } else {
            out.respond(Response::empty(200));
        }
    });
    auto client = s.client();
    client.send(get("/ok"));
    EXPECT_EQ(status_of(client.response()), 200);
    client.send(get("/close"));
    const auto [bytes, closed] = client.rest(2'000);
    EXPECT_EQ(bytes, "");
    EXPECT_TRUE(closed);
}

TEST(HttpServer, TurnsFailuresInto500WithoutDetails) {
    const TestServer s([](Request&& r, const Responder&) {
        if (r.path == "/throw") {
            throw std::runtime_error("secret detail");
        }
        if (r.path == "/odd") {
            throw 42;
        }
        // else: forgets to answer
    });
    for (const auto* path : {"/throw", "/odd", "/forget"}) {
        auto client = s.client();
        client.send(get(path));
        const auto answer = client.response();
        EXPECT_EQ(status_of(answer), 500) << path;
        EXPECT_EQ(answer.find("secret"), std::string::npos);
        client.send(get(path));  // the connection is still good
        EXPECT_EQ(status_of(client.response()), 500) << path;
    }
}

TEST(HttpServer, LeavesOutResponseHeadersThatWouldSplitTheResponse) {
    const TestServer s([](Request&&, const Responder& r) {
        Response response = Response::text(200, "ok");
        response.headers.add("X-Evil", "a\r\nSet-Cookie: b");
        response.headers.add("Bad Name", "x");
        response.headers.add("Content-Length", "999");
        response.headers.add("X-Good", "yes");
        r.respond(std::move(response));
    });
    auto client = s.client();
    client.send(get("/"));
    const auto answer = client.response();
    EXPECT_EQ(answer.find("Set-Cookie"), std::string::npos);
    EXPECT_EQ(answer.find("Bad Name"), std::string::npos);
    EXPECT_EQ(answer.find("999"), std::string::npos);
    EXPECT_NE(answer.find("X-Good: yes\r\n"), std::string::npos);
}

TEST(HttpServer, SendsLargeBodiesWhole) {
    std::string big(3'000'000, 'x');
    for (std::size_t i = 0; i < big.size(); ++i) {
        big[i] = static_cast<char>('a' + i % 23);
    }
    const TestServer s([&](Request&&, const Responder& r) { r.respond(Response::text(200, big)); });
    auto client = s.client();
    client.send(get("/") + get("/"));
    for (int i = 0; i < 2; ++i) {
        const auto answer = client.response();
        EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), big);
    }
}

TEST(HttpServer, BelievesForwardedAddressesOnlyOfTrustedProxies) {
    const auto handler = [](Request&& r, const Responder& out) {
        out.respond(Response::text(200, r.remote_address));
    };
    const std::string header = "X-Forwarded-For: 6.6.6.6, 198.51.100.7\r\n";
    {
        const TestServer s(handler);
        auto client = s.client();
        client.send(get("/", header));
        EXPECT_TRUE(client.response().ends_with("\r\n127.0.0.1"));
    }
    HttpServerOptions options;
    options.trusted_proxies = {"127.0.0.1"};
    const TestServer s(handler, options);
    auto client = s.client();
    client.send(get("/", header));
    EXPECT_TRUE(client.response().ends_with("\r\n198.51.100.7"));
}

TEST(HttpServer, CountsAnswersAndConnections) {
    TestServer s([](Request&& r, const Responder& out) {
        out.respond(Response::empty(r.path == "/no" ? 404 : 200));
    });
    auto client = s.client();
    for (const auto* path : {"/", "/", "/no"}) {
        client.send(get(path));
        client.response();
    }
    const auto text = s.metrics.render();
    const auto port = "port=\"" + std::to_string(s.server.port()) + "\"";
    EXPECT_NE(
        text.find("leadbridge_http_requests_total{class=\"2xx\"," + port + "} 2"), std::string::npos
    ) << text;
    EXPECT_NE(
        text.find("leadbridge_http_requests_total{class=\"4xx\"," + port + "} 1"), std::string::npos
    );
    EXPECT_NE(text.find("leadbridge_http_connections{" + port + "} 1"), std::string::npos);
}

TEST(HttpServer, NamesWhatKeepsItFromListening) {
    const TestServer taken(echo);
    SystemClock clock;
    Metrics metrics;
    const auto message = [&](const HttpServerOptions& options) -> std::string {
        try {
            const HttpServer server(options, clock, metrics, echo);
            return "no failure";
        } catch (const std::runtime_error& e) {
            return e.what();
        }
    };
    HttpServerOptions options;
    options.port = taken.server.port();
    EXPECT_NE(
        message(options).find("127.0.0.1:" + std::to_string(options.port)), std::string::npos
    );
    options.port = 0;
    options.address = "localhost";
    EXPECT_NE(message(options).find("not an IP address"), std::string::npos);
    options.address = "127.0.0.1";
    options.trusted_proxies = {"proxy.example"};
    EXPECT_NE(message(options).find("proxy.example"), std::string::npos);
    options.trusted_proxies.clear();
    options.tls_cert_file = "/nonexistent.pem";
    EXPECT_NE(message(options).find("both"), std::string::npos);
    options.tls_key_file = "/nonexistent.pem";
    EXPECT_NE(message(options).find("/nonexistent.pem"), std::string::npos);
}

}  // namespace
}  // namespace leadbridge
