#include "base/websocket.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/guarded.h"
#include "tests/base/net_support.h"

namespace leadbridge {
namespace {

using test::RawClient;
using test::TestServer;

enum Opcode : unsigned char { more = 0, text = 1, binary = 2, bye = 8, ping = 9, pong = 10 };

struct Frame {
    unsigned char opcode = 0;
    std::string payload;
};

constexpr unsigned char last = 0x80;

// What a browser sends, byte by byte; and the frames a server may answer with.
class Peer {
public:
    explicit Peer(const TestServer& server) : client_(server.client()) {}

    std::string shake(std::string_view fields = "") {
        client_.send(
            "GET /live HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: keep-alive, "
            "Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
            "dGhlIHNhbXBsZSBub25jZQ==\r\n" +
            std::string(fields) + "\r\n"
        );
        return client_.response();
    }

    static std::string frame(unsigned first, std::string_view payload) {
        std::string out(1, static_cast<char>(first));
        const std::size_t n = payload.size();
        if (n < 126) {
            out.push_back(static_cast<char>(0x80U | n));
        } else {
            out.push_back(static_cast<char>(0x80U | 126U));
            out.push_back(static_cast<char>(n >> 8U));
            out.push_back(static_cast<char>(n & 0xffU));
        }
        constexpr std::string_view mask = "\x11\x22\x33\x44";
        out += mask;
        for (std::size_t i = 0; i < n; ++i) {
            out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
        }
        return out;
    }

    bool send(unsigned first, std::string_view payload) const {
        return client_.send(frame(first, payload));
    }

    // Nothing when the connection ended.
    std::optional<Frame> next(int timeout_ms = 5'000) {
        const std::string head = client_.take(2, timeout_ms);
        if (head.size() < 2) {
            return std::nullopt;
        }
        Frame out;
        out.opcode = static_cast<unsigned char>(head[0]) & 0x0fU;
        std::size_t n = static_cast<unsigned char>(head[1]);
        if (n >= 126) {
            const std::string size = client_.take(n == 126 ? 2 : 8);
            n = 0;
            for (const char c : size) {
                n = n * 256 + static_cast<unsigned char>(c);
            }
        }
        out.payload = client_.take(n);
        return out;
    }

    // The code of the close frame that comes next, 0 when there is none.
    int closed_with() {
        const auto frame = next();
        if (!frame || frame->opcode != bye || frame->payload.size() < 2) {
            return 0;
        }
        return static_cast<unsigned char>(frame->payload[0]) * 256 +
               static_cast<unsigned char>(frame->payload[1]);
    }

    RawClient& raw() { return client_; }

private:
    RawClient client_;
};

std::shared_ptr<const std::string> words(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
}

// Answers each text with itself and notes what happens.
class Echo : public WebSocketListener {
public:
    void opened(std::shared_ptr<WebSocket> to) override {
        const std::lock_guard lock(mutex);
        socket = std::move(to);
        changed.notify_all();
    }

    void text(std::string said) override { socket->send(words(std::move(said))); }

    void drained() override {
        const std::lock_guard lock(mutex);
        drains += 1;
        changed.notify_all();
    }

    void closed(std::uint16_t with) override {
        const std::lock_guard lock(mutex);
        code = with;
        changed.notify_all();
    }

    template <class Fn>
    bool wait(Fn fn) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(10), fn);
    }

    int end() {
        return wait([&] { return code != 0; }) ? code : 0;
    }

    std::mutex mutex;
    std::condition_variable changed;
    std::shared_ptr<WebSocket> socket;
    int drains = 0;
    int code = 0;
};

struct EchoServer {
    explicit EchoServer(WebSocketLimits limits = {}, HttpServerOptions options = {})
        : server(
              [this, limits](Request&& request, const Responder& responder) {
                  if (request.path != "/live") {
                      responder.respond(Response::text(200, "page"));
                      return;
                  }
                  auto echo = std::make_shared<Echo>();
                  echoes.lock()->push_back(echo);
                  responder.upgrade({std::move(request), echo, limits});
              },
              std::move(options)
          ) {}

    std::shared_ptr<Echo> echo(std::size_t i = 0) {
        auto found = echoes.lock()->at(i);
        EXPECT_TRUE(found->wait([&] { return found->socket != nullptr; }));
        return found;
    }

    Guarded<std::vector<std::shared_ptr<Echo>>> echoes;
    TestServer server;
};

TEST(WebSocket, ShakesHandsAsTheStandardsExampleAndTalks) {
    EchoServer s;
    Peer peer(s.server);
    const std::string hello = peer.shake();
    EXPECT_TRUE(hello.starts_with("HTTP/1.1 101")) << hello;
    EXPECT_NE(hello.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos) << hello;
    peer.send(last | text, "你好");
    const auto answer = peer.next();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->opcode, text);
    EXPECT_EQ(answer->payload, "你好");
}

TEST(WebSocket, PutsFragmentsTogetherAroundAPing) {
    EchoServer s;
    Peer peer(s.server);
    peer.shake();
    peer.send(text, "one \xe4\xbd");  // a character may be cut by a fragment
    peer.send(last | ping, "are you there");
    peer.send(more, "\xa0");
    peer.send(last | more, " two");
    const auto there = peer.next();
    ASSERT_TRUE(there);
    EXPECT_EQ(there->opcode, pong);
    EXPECT_EQ(there->payload, "are you there");
    EXPECT_EQ(peer.next()->payload, "one \xe4\xbd\xa0 two");
}

TEST(WebSocket, ClosesWithTheCodeThatNamesTheBreach) {
    struct Breach {
        int code;
        std::string bytes;
    };

    WebSocketLimits limits;
    limits.max_message_bytes = 1'000;
    limits.handshake_timeout_ms = 200;  // this peer answers no close
    const std::vector<Breach> breaches = {
        {1009, Peer::frame(last | text, std::string(1'001, 'x'))},
        {1009,
         Peer::frame(text, std::string(600, 'x')) +
             Peer::frame(last | more, std::string(600, 'x'))},
        {1007, Peer::frame(last | text, "\xff\xfe")},
        {1007, Peer::frame(last | text, "\xe4\xbd")},
        {1003, Peer::frame(last | binary, "bytes")},
        {1002, std::string("\x81\x02hi", 4)},                  // without a mask
        {1002, Peer::frame(last | 0x40U | text, "reserved")},  // an extension nobody agreed on
        {1002, Peer::frame(last | 3U, "unknown opcode")},
        {1002, Peer::frame(last | more, "nothing to go on with")},
        {1002, Peer::frame(ping, "a control frame in parts")},
    };
    EchoServer s(limits);
    for (std::size_t i = 0; i < breaches.size(); ++i) {
        Peer peer(s.server);
        peer.shake();
        peer.raw().send(breaches[i].bytes);
        EXPECT_EQ(peer.closed_with(), breaches[i].code) << i;
        EXPECT_EQ(s.echo(i)->end(), breaches[i].code) << i;
    }
}

TEST(WebSocket, BothSidesLearnTheCodeOfAClose) {
    EchoServer s;
    Peer leaves(s.server);
    leaves.shake();
    leaves.send(last | bye, std::string("\x0f\xa0", 2) + "done");
    EXPECT_EQ(leaves.closed_with(), 4000);
    EXPECT_EQ(s.echo(0)->end(), 4000);

    Peer sent_away(s.server);
    sent_away.shake();
    const auto echo = s.echo(1);
    echo->socket->close(websocket_policy, "no");
    EXPECT_EQ(sent_away.closed_with(), 1008);
    sent_away.send(last | bye, std::string("\x03\xf0", 2));
    EXPECT_EQ(echo->end(), 1008);

    Peer vanishes(s.server);
    vanishes.shake();
    const auto left = s.echo(2);
    vanishes.raw().close();
    EXPECT_EQ(left->end(), 1006);
    EXPECT_EQ(left->socket->send(words("late")), WebSocket::Sent::closed);
    left->socket->close(1000, "late");
}

TEST(WebSocket, ASlowReaderIsRefusedMoreAndToldWhenThereIsRoom) {
    WebSocketLimits limits;
    limits.max_queued_bytes = 100'000;
    EchoServer s(limits);
    Peer peer(s.server);
    peer.shake();
    const auto echo = s.echo();
    const auto big = words(std::string(50'000, 'x'));
    std::size_t taken = 0;
    // The kernel's buffers take some megabytes, then the queue its share, then nothing for long.
    while (true) {
        if (echo->socket->send(big) == WebSocket::Sent::queued) {
            ++taken;
            ASSERT_LT(taken, 4'000U) << "there must be an end to it";
            continue;
        }
        std::unique_lock lock(echo->mutex);
        const int before = echo->drains;
        if (!echo->changed.wait_for(lock, std::chrono::milliseconds(300), [&] {
                return echo->drains > before;
            })) {
            break;
        }
    }
    for (std::size_t i = 0; i < taken; ++i) {
        const auto frame = peer.next();
        ASSERT_TRUE(frame) << i;
        ASSERT_EQ(frame->payload.size(), 50'000U);
    }
    EXPECT_TRUE(echo->wait([&] { return echo->drains > 0; }));
    EXPECT_EQ(echo->socket->send(words("again")), WebSocket::Sent::queued);
    EXPECT_EQ(peer.next()->payload, "again");
}

TEST(WebSocket, WhoNeverReadsIsGoneOnceItsTimeIsOver) {
    WebSocketLimits limits;
    limits.idle_timeout_ms = 300;
    EchoServer s(limits);
    Peer peer(s.server);
    peer.shake();
    const auto echo = s.echo();
    const auto big = words(std::string(50'000, 'x'));
    while (echo->socket->send(big) == WebSocket::Sent::queued) {
    }
    EXPECT_EQ(echo->end(), 1006);
}

TEST(WebSocket, WhoAnswersPingsStays) {
    WebSocketLimits limits;
    limits.idle_timeout_ms = 200;
    EchoServer s(limits);
    Peer peer(s.server);
    peer.shake();
    for (int i = 0; i < 5; ++i) {
        const auto asked = peer.next();
        ASSERT_TRUE(asked);
        ASSERT_EQ(asked->opcode, ping);
        peer.send(last | pong, asked->payload);
    }
    peer.send(last | text, "here");
    EXPECT_EQ(peer.next()->payload, "here");
}

TEST(WebSocket, AThousandSocketsGetOneText) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    ASSERT_GT(files.rlim_cur, 2'200U) << "this test needs 2,200 descriptors";
    constexpr std::size_t many = 1'000;
    WebSocketLimits limits;
    limits.handshake_timeout_ms = 1'500;  // these peers answer no close
    EchoServer s(limits);
    std::vector<std::unique_ptr<Peer>> peers;
    for (std::size_t i = 0; i < many; ++i) {
        peers.push_back(std::make_unique<Peer>(s.server));
        ASSERT_TRUE(peers.back()->shake().starts_with("HTTP/1.1 101")) << i;
    }
    const auto news = words(std::string(300, 'n'));
    for (std::size_t i = 0; i < many; ++i) {
        EXPECT_EQ(s.echo(i)->socket->send(news), WebSocket::Sent::queued);
    }
    for (auto& peer : peers) {
        EXPECT_EQ(peer->next()->payload, *news);
    }
    s.server.server.stop(20'000);
    for (auto& peer : peers) {
        EXPECT_EQ(peer->closed_with(), 1001);
    }
}

TEST(WebSocket, StopSaysGoodbyeAndWaitsForNobodyForLong) {
    EchoServer s;
    Peer polite(s.server);
    Peer deaf(s.server);
    polite.shake();
    deaf.shake();
    s.echo(0);
    s.echo(1);
    std::thread reader([&] {
        EXPECT_EQ(polite.closed_with(), 1001);
        polite.send(last | bye, std::string("\x03\xe9", 2));
    });
    s.server.server.stop(300);
    reader.join();
    EXPECT_EQ(s.echo(0)->end(), 1001);
    EXPECT_EQ(s.echo(1)->end(), 1001);
    EXPECT_EQ(s.echo(1)->socket->send(words("x")), WebSocket::Sent::closed);
}

TEST(WebSocket, AStopDuringTheHandshakeEnds) {
    for (int i = 0; i < 100; ++i) {  // the stop may find the answer written and not yet noticed
        EchoServer s;
        Peer peer(s.server);
        EXPECT_TRUE(peer.shake().starts_with("HTTP/1.1 101"));
    }
}

TEST(WebSocket, WhatAsksForNoneGetsNone) {
    EchoServer s;
    RawClient plain = s.server.client();
    plain.send("GET /live HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_TRUE(plain.response().starts_with("HTTP/1.1 400"));
    RawClient old = s.server.client();
    old.send(
        "GET /live HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    EXPECT_TRUE(old.response().starts_with("HTTP/1.1 400"));
    Peer other(s.server);
    other.raw().send("GET /page HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_TRUE(other.raw().response().ends_with("page"));
    EXPECT_TRUE(other.shake().starts_with("HTTP/1.1 101")) << "the same connection may upgrade";
}

}  // namespace
}  // namespace leadbridge
