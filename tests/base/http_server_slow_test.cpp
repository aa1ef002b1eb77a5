// The server among slow, silent and vanishing clients, and while it stops.

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "base/http_server.h"
#include "tests/base/net_support.h"

namespace leadbridge {
namespace {

using test::now_ms;
using test::RawClient;
using test::TestServer;

constexpr auto request = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";

void ok(Request&&, const Responder& r) {
    r.respond(Response::empty(200));
}

HttpServerOptions impatient() {
    HttpServerOptions options;
    options.header_timeout_ms = 300;
    options.body_timeout_ms = 300;
    options.idle_timeout_ms = 300;
    options.write_timeout_ms = 300;
    return options;
}

// The deadline is for the whole header: bytes that trickle in do not move it.
TEST(HttpServerSlow, ClosesSlowHeadersAtTheirDeadline) {
    const TestServer s(ok, impatient());
    auto client = s.client();
    const auto start = now_ms();
    while (now_ms() - start < 3'000 && client.send("G")) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_GE(now_ms() - start, 250);
    EXPECT_LT(now_ms() - start, 1'500);
}

TEST(HttpServerSlow, ClosesSlowBodiesSilentAndIdleConnections) {
    const TestServer s(ok, impatient());
    auto silent = s.client();
    auto body = s.client();
    body.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nx");
    auto idle = s.client();
    idle.send(request);
    EXPECT_NE(idle.response(), "");
    const auto start = now_ms();
    for (auto* client : {&silent, &body, &idle}) {
        const auto [bytes, closed] = client->rest(2'000);
        EXPECT_TRUE(closed);
        EXPECT_EQ(bytes, "");
    }
    EXPECT_LT(now_ms() - start, 1'500);
}

TEST(HttpServerSlow, ClosesClientsThatDoNotRead) {
    const std::string big(20'000'000, 'x');
    TestServer s(
        [&](Request&&, const Responder& r) { r.respond(Response::text(200, big)); }, impatient()
    );
    auto client = s.client();
    client.send(request);
    std::this_thread::sleep_for(std::chrono::milliseconds(900));
    const auto text = s.metrics.render();
    EXPECT_NE(
        text.find(
            "leadbridge_http_connections{port=\"" + std::to_string(s.server.port()) + "\"} 0"
        ),
        std::string::npos
    );
}

TEST(HttpServerSlow, WaitsForAnswersAsLongAsTheHandlerLikes) {
    const TestServer s(
        [](Request&&, Responder r) {
            std::thread([r = std::move(r)] {
                std::this_thread::sleep_for(std::chrono::milliseconds(800));
                r.respond(Response::empty(200));
            }).detach();
        },
        impatient()
    );
    auto client = s.client();
    client.send(request);
    EXPECT_NE(client.response(), "");
}

TEST(HttpServerSlow, ServesGoodClientsAmongManySlowOnes) {
    HttpServerOptions options;
    options.max_connections = 100;
    const TestServer s(ok, options);
    std::vector<RawClient> slow;
    for (int i = 0; i < 300; ++i) {  // three times the limit; none of them ever finishes a header
        slow.push_back(s.client());
        slow.back().send("GET / HT");
    }
    for (int i = 0; i < 20; ++i) {
        auto client = s.client();
        const auto start = now_ms();
        client.send(request);
        EXPECT_NE(client.response(), "") << i;
        EXPECT_LT(now_ms() - start, 500);
    }
}

TEST(HttpServerSlow, TurnsNewcomersAwayWhileAllAreBusy) {
    HttpServerOptions options;
    options.max_connections = 2;
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
    auto second = s.client();
    first.send(request);
    second.send(request);
    while (started < 2) {
        std::this_thread::yield();
    }
    auto third = s.client();
    EXPECT_TRUE(third.rest(2'000).second);
    go.set_value();
    EXPECT_NE(first.response(), "");
    EXPECT_NE(second.response(), "");
    auto fourth = s.client();  // both are idle now: the one silent longest makes room
    fourth.send(request);
    EXPECT_NE(fourth.response(), "");
}

TEST(HttpServerSlow, SurvivesClientsThatVanish) {
    std::atomic<int> handled{0};
    const TestServer s([&](Request&&, Responder r) {
        ++handled;
        std::thread([r = std::move(r)] {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            r.respond(Response::text(200, std::string(100'000, 'x')));
        }).detach();
    });
    for (int i = 0; i < 50; ++i) {
        auto client = s.client();
        client.send(i % 3 == 0 ? std::string(request).substr(0, 10) : std::string(request));
        if (i % 2 == 0) {
            client.close();
        }
    }
    auto good = s.client();
    good.send(request);
    EXPECT_NE(good.response(), "");
    EXPECT_GT(handled, 0);
}

TEST(HttpServerSlow, NoticesABlockedIoThread) {
    HttpServerOptions options;
    options.body_limit = [](Method, std::string_view path) -> std::size_t {
        if (path == "/block") {
            std::this_thread::sleep_for(std::chrono::milliseconds(1'600));
        }
        return 0;
    };
    TestServer s(ok, options);
    auto client = s.client();
    client.send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_NE(client.response(), "");
    const auto stalls =
        "leadbridge_http_io_stalls_total{port=\"" + std::to_string(s.server.port()) + "\"} 1";
    EXPECT_NE(s.metrics.render().find(stalls), std::string::npos);
}

TEST(HttpServerStop, FinishesWhatIsInFlightAndClosesTheRest) {
    std::atomic<bool> started{false};
    auto s = std::make_unique<TestServer>([&](Request&& r, const Responder& out) {
        if (r.path == "/slow") {
            started = true;
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
        }
        out.respond(Response::text(200, "done"));
    });
    auto idle = s->client();
    idle.send(request);
    EXPECT_NE(idle.response(), "");
    auto half = s->client();
    half.send("GET / HTT");
    auto busy = s->client();
    busy.send("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n");
    while (!started) {
        std::this_thread::yield();
    }
    const auto port = s->server.port();
    const auto start = now_ms();
    std::thread stopper([&] { s->server.stop(5'000); });
    const auto answer = busy.response();
    EXPECT_TRUE(answer.ends_with("done"));
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    busy.close();
    EXPECT_TRUE(idle.rest(2'000).second);
    EXPECT_TRUE(half.rest(2'000).second);
    stopper.join();
    EXPECT_LT(now_ms() - start, 2'000);
    EXPECT_THROW(RawClient{port}, std::runtime_error);
    s->server.stop();  // again: nothing happens
}

TEST(HttpServerStop, DoesNotWaitLongerThanTheGrace) {
    std::vector<Responder> kept;
    std::atomic<bool> started{false};
    TestServer s([&](Request&&, Responder r) {
        kept.push_back(std::move(r));
        started = true;
    });
    auto client = s.client();
    client.send(request);
    while (!started) {
        std::this_thread::yield();
    }
    const auto start = now_ms();
    s.server.stop(200);
    EXPECT_GE(now_ms() - start, 190);
    EXPECT_LT(now_ms() - start, 1'500);
    EXPECT_EQ(client.rest(1'000), (std::pair<std::string, bool>{"", true}));
    kept[0].respond(Response::empty(200));  // without effect
}

TEST(HttpServerStop, RespondersMayOutliveTheServer) {
    std::vector<Responder> kept;
    {
        std::atomic<bool> started{false};
        const TestServer s([&](Request&&, Responder r) {
            kept.push_back(r);
            started = true;
        });
        auto client = s.client();
        client.send(request);
        while (!started) {
            std::this_thread::yield();
        }
    }
    kept[0].respond(Response::empty(200));
    std::thread([&] { kept.clear(); }).join();
}

TEST(HttpServerStop, StopsUnderLoad) {
    for (int round = 0; round < 5; ++round) {
        TestServer s(ok);
        std::atomic<bool> stop{false};
        std::vector<std::thread> clients;
        for (int i = 0; i < 4; ++i) {
            clients.emplace_back([&] {
                while (!stop) {
                    try {
                        auto client = s.client();
                        for (int k = 0;
                             k < 50 && client.send(request) && !client.response().empty();
                             ++k) {
                        }
                    } catch (const std::runtime_error&) {
                        return;
                    }
                }
            });
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        const auto port = s.server.port();
        s.server.stop(1'000);
        stop = true;
        for (auto& client : clients) {
            client.join();
        }
        EXPECT_NE(port, 0);
    }
}

TEST(HttpServerStop, NeverStartedIsFine) {
    SystemClock clock;
    Metrics metrics;
    HttpServerOptions options;
    options.port = 0;
    HttpServer server(options, clock, metrics, ok);
    EXPECT_NE(server.port(), 0);
    server.stop();
}

}  // namespace
}  // namespace leadbridge
