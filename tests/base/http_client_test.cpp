#include "base/http_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "tests/base/net_support.h"

namespace leadbridge {
namespace {

using test::now_ms;
using test::TestServer;

// Accepts, does what it is told with each connection, counts them.
class RawServer {
public:
    explicit RawServer(std::function<void(int)> serve)
        : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
        listen(listener_, 16);
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this, serve = std::move(serve)] {
            for (;;) {
                const int fd = accept(listener_, nullptr, nullptr);
                if (fd < 0) {
                    return;
                }
                ++connections_;
                serve(fd);
                ::close(fd);
            }
        });
    }

    ~RawServer() {
        shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

    int connections() const { return connections_; }

private:
    int listener_;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_{0};
    std::thread thread_;
};

std::string read_some(int fd) {
    std::array<char, 65536> buffer{};
    const auto n = recv(fd, buffer.data(), buffer.size(), 0);
    return {buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

HttpCall call_to(std::string url, Method method = Method::get, std::string body = {}) {
    HttpCall call;
    call.method = method;
    call.url = std::move(url);
    call.body = std::move(body);
    call.timeout_ms = 3'000;
    return call;
}

ErrorCode code_of(const Result<HttpReply>& result) {
    return result ? ErrorCode::internal : result.error().code;
}

void mirror(Request&& request, const Responder& responder) {
    Response response = Response::text(
        200,
        std::string(to_string(request.method)) + " " + request.path + "?" + request.raw_query +
            " " + request.body
    );
    for (const auto& [name, value] : request.headers.all()) {
        response.headers.add("Seen-" + name, value);
    }
    responder.respond(std::move(response));
}

TEST(HttpClient, SendsEveryMethodWithItsBodyAndHeaders) {
    const TestServer s(mirror);
    const auto client = make_http_client();
    for (const Method method :
         {Method::get, Method::post, Method::put, Method::patch, Method::del, Method::options}) {
        const bool with_body = method != Method::get && method != Method::options;
        auto call = call_to(s.url("/p?a=b%20c"), method, with_body ? std::string("a\0b", 3) : "");
        call.headers.add("X-Custom", "value");
        call.headers.add("X-Empty", "");
        const auto reply = client->call(call);
        ASSERT_TRUE(reply) << reply.error().message;
        EXPECT_EQ(reply->body, std::string(to_string(method)) + " /p?a=b%20c " + call.body);
        EXPECT_EQ(reply->headers.get("seen-x-custom"), "value");
        EXPECT_TRUE(reply->headers.has("Seen-X-Empty"));
        EXPECT_FALSE(reply->headers.has("Seen-Content-Type"));
        EXPECT_FALSE(reply->headers.has("Seen-Expect"));
    }
    const auto head = client->call(call_to(s.url("/p"), Method::head));
    ASSERT_TRUE(head);
    EXPECT_EQ(head->body, "");
    EXPECT_EQ(head->status, 200);
    const auto empty = client->call(call_to(s.url("/p"), Method::put));
    ASSERT_TRUE(empty);
    EXPECT_EQ(empty->headers.get("Seen-Content-Length"), "0");
}

TEST(HttpClient, AnyStatusIsAReply) {
    const TestServer s([](Request&& r, const Responder& out) {
        out.respond(Response::text(std::stoi(r.path.substr(1)), "text"));
    });
    const auto client = make_http_client();
    for (const int status : {200, 204, 302, 400, 404, 429, 500, 503}) {
        const auto reply =
            client->call(call_to(s.url("/" + std::to_string(status)), Method::post, "x"));
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->status, status);
        EXPECT_EQ(reply->body, status == 204 ? "" : "text");
    }
}

TEST(HttpClient, KeepsConnections) {
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const RawServer s([&](int fd) {
        while (!read_some(fd).empty()) {
            send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
    });
    {
        const auto client = make_http_client();
        for (int i = 0; i < 10; ++i) {
            EXPECT_TRUE(client->call(call_to(s.url(), i % 2 == 0 ? Method::get : Method::post, "x"))
            );
        }
    }
    EXPECT_EQ(s.connections(), 1);
}

TEST(HttpClient, SendsForms) {
    std::promise<Request> seen;
    const TestServer s([&](Request&& request, const Responder& responder) {
        seen.set_value(std::move(request));
        responder.respond(Response::empty(200));
    });
    auto call = call_to(s.url("/upload"), Method::post);
    call.parts.push_back({"field", "", "", "plain"});
    call.parts.push_back({"media", "名片 \"1\".png", "image/png", std::string("\x89PNG\0\r\n", 7)});
    ASSERT_TRUE(make_http_client()->call(call));
    const Request r = seen.get_future().get();
    EXPECT_TRUE(r.headers.get("Content-Type").starts_with("multipart/form-data; boundary="));
    EXPECT_NE(r.body.find("name=\"field\"\r\n\r\nplain\r\n"), std::string::npos) << r.body;
    EXPECT_NE(r.body.find("filename=\"名片 %221%22.png\""), std::string::npos) << r.body;
    const std::string media("Content-Type: image/png\r\n\r\n\x89PNG\0\r\n", 34);
    EXPECT_NE(r.body.find(media), std::string::npos) << r.body;
}

TEST(HttpClient, SaysRetryLaterOnlyWhenNothingWasSent) {
    std::uint16_t refused = 0;
    {
        const TestServer gone(mirror);
        refused = gone.server.port();
    }
    const auto client = make_http_client();
    const auto at = [](std::uint16_t port) { return "://127.0.0.1:" + std::to_string(port) + "/"; };
    EXPECT_EQ(
        code_of(client->call(call_to("http" + at(refused), Method::post, "x"))),
        ErrorCode::retry_later
    );
    EXPECT_EQ(
        code_of(client->call(call_to("http://does-not-exist.invalid/", Method::post, "x"))),
        ErrorCode::retry_later
    );
    const TestServer plain(mirror);  // TLS against a plain port: the handshake fails
    EXPECT_EQ(
        code_of(client->call(call_to("https" + at(plain.server.port()), Method::post, "x"))),
        ErrorCode::retry_later
    );
}

TEST(HttpClient, SaysUnknownResultOnceSomethingMayHaveBeenSent) {
    const TestServer s([](Request&& r, Responder out) {
        if (r.path == "/close") {
            out.close();
            return;
        }
        std::thread([out = std::move(out)] {
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
            out.respond(Response::empty(200));
        }).detach();
    });
    const auto client = make_http_client();
    auto slow = call_to(s.url("/slow"), Method::post, "x");
    slow.timeout_ms = 150;
    const auto start = now_ms();
    EXPECT_EQ(code_of(client->call(slow)), ErrorCode::unknown_result);
    EXPECT_LT(now_ms() - start, 450);
    EXPECT_EQ(
        code_of(client->call(call_to(s.url("/close"), Method::post, "x"))),
        ErrorCode::unknown_result
    );
    const RawServer cut([](int fd) {
        read_some(fd);
        constexpr std::string_view half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
        send(fd, half.data(), half.size(), MSG_NOSIGNAL);
    });
    EXPECT_EQ(
        code_of(client->call(call_to(cut.url(), Method::post, "x"))), ErrorCode::unknown_result
    );
    const RawServer garbage([](int fd) {
        read_some(fd);
        send(fd, "garbage\n", 8, MSG_NOSIGNAL);
    });
    EXPECT_EQ(
        code_of(client->call(call_to(garbage.url(), Method::post, "x"))), ErrorCode::unknown_result
    );
}

// A server that answers the first request of a connection and swallows the second before it hangs
// up. libcurl by itself would send the second one again on a new connection.
TEST(HttpClient, NeverSendsAPostTwice) {
    std::atomic<int> requests{0};
    const RawServer s([&](int fd) {
        if (read_some(fd).empty()) {
            return;
        }
        ++requests;
        constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        send(fd, ok.data(), ok.size(), MSG_NOSIGNAL);
        if (!read_some(fd).empty()) {
            ++requests;
        }
    });
    const auto client = make_http_client();
    ASSERT_TRUE(client->call(call_to(s.url(), Method::post, "one")));
    EXPECT_EQ(
        code_of(client->call(call_to(s.url(), Method::post, "two"))), ErrorCode::unknown_result
    );
    EXPECT_EQ(requests, 2);
    // A safe method may be, and the same client is still good.
    ASSERT_TRUE(client->call(call_to(s.url(), Method::post, "three")));
    EXPECT_TRUE(client->call(call_to(s.url())));
    EXPECT_GE(requests, 5);
}

TEST(HttpClient, ReconnectsWhenAnIdleConnectionWasClosed) {
    const RawServer s([](int fd) {
        read_some(fd);
        constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        send(fd, ok.data(), ok.size(), MSG_NOSIGNAL);
    });
    const auto client = make_http_client();
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(client->call(call_to(s.url(), Method::post, "x")));
        std::this_thread::sleep_for(std::chrono::milliseconds(20)
        );  // the close arrives: the connection is seen to be dead
    }
}

TEST(HttpClient, StopsReadingAtTheLimit) {
    const TestServer s([](Request&& r, const Responder& out) {
        out.respond(Response::text(200, std::string(std::stoul(r.path.substr(1)), 'x')));
    });
    const auto client = make_http_client();
    auto call = call_to(s.url("/1000"));
    call.max_body_bytes = 1'000;
    EXPECT_TRUE(client->call(call));
    call.url = s.url("/1001");
    EXPECT_EQ(code_of(client->call(call)), ErrorCode::too_large);
    std::atomic<bool> gone{false};
    const RawServer endless([&](int fd) {
        read_some(fd);
        std::string line = "HTTP/1.1 200 OK\r\n";
        while (send(fd, line.data(), line.size(), MSG_NOSIGNAL) > 0) {
            line = "X: " + std::string(1000, 'y') + "\r\n";
        }
        gone = true;
    });
    EXPECT_EQ(code_of(client->call(call_to(endless.url()))), ErrorCode::too_large);
}

TEST(HttpClient, RefusesBadCalls) {
    const TestServer s(mirror);
    const auto client = make_http_client();
    EXPECT_EQ(code_of(client->call(call_to("ftp://127.0.0.1/"))), ErrorCode::invalid);
    EXPECT_EQ(code_of(client->call(call_to("file:///etc/passwd"))), ErrorCode::invalid);
    EXPECT_EQ(code_of(client->call(call_to(""))), ErrorCode::invalid);
    EXPECT_EQ(code_of(client->call(call_to("http://"))), ErrorCode::invalid);
    EXPECT_EQ(code_of(client->call(call_to("http://user:pass@127.0.0.1/"))), ErrorCode::invalid);
    EXPECT_EQ(code_of(client->call(call_to(s.url("/"), Method::other))), ErrorCode::invalid);
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"X", "a\r\nY: b"},
             {"X\r\nY", "b"},
             {"", "b"},
             {"X Y", "b"},
             {"X:", "b"},
             {"Content-Length", "5"},
             {"Transfer-Encoding", "chunked"}}) {
        auto call = call_to(s.url("/"), Method::post, "x");
        call.headers.add(name, value);
        EXPECT_EQ(code_of(client->call(call)), ErrorCode::invalid) << name;
    }
}

TEST(HttpClient, FollowsRedirectsOnlyWhenAskedAndSoFar) {
    const TestServer s([](Request&& r, const Responder& out) {
        if (r.path == "/end") {
            out.respond(Response::text(200, std::string(to_string(r.method)) + r.body));
            return;
        }
        Response response = Response::text(r.path == "/same" ? 307 : 302, "moved");
        response.headers.add("Location", r.path == "/loop" ? "/loop" : "/end");
        response.headers.add("X-First", "yes");
        out.respond(std::move(response));
    });
    const auto client = make_http_client();
    const auto stay = client->call(call_to(s.url("/go")));
    ASSERT_TRUE(stay);
    EXPECT_EQ(stay->status, 302);
    EXPECT_EQ(stay->body, "moved");
    auto call = call_to(s.url("/go"));
    call.max_redirects = 2;
    const auto followed = client->call(call);
    ASSERT_TRUE(followed);
    EXPECT_EQ(followed->body, "GET");
    EXPECT_FALSE(followed->headers.has("X-First"));
    call.url = s.url("/loop");
    EXPECT_EQ(code_of(client->call(call)), ErrorCode::permanent);
    call = call_to(s.url("/same"), Method::post, "body");
    call.max_redirects = 1;
    const auto same = client->call(call);
    ASSERT_TRUE(same) << same.error().message;
    EXPECT_EQ(same->body, "POSTbody");
}

TEST(HttpClient, KeepsCallsToTheOutsideOutside) {
    std::atomic<int> reached{0};
    const TestServer s([&](Request&& r, const Responder& out) {
        ++reached;
        Response response = Response::empty(302);
        response.headers.add("Location", "http://" + std::string(r.query.get("to")) + "/");
        out.respond(std::move(response));
    });
    const auto client = make_http_client();
    const std::string port = std::to_string(s.server.port());
    for (const std::string& url :
         {"https://127.0.0.1:" + port + "/",
          "https://localhost:" + port + "/",
          "https://[::1]:" + port + "/",
          "https://[::ffff:127.0.0.1]:" + port + "/",
          "https://0x7f000001:" + port + "/",
          "https://2130706433:" + port + "/",
          "https://127.1:" + port + "/",
          "https://0:" + port + "/",
          std::string("https://10.0.0.1/"),
          std::string("https://169.254.169.254/latest/meta-data"),
          std::string("https://192.168.1.1/"),
          "http://127.0.0.1:" + port + "/",
          std::string("http://example.com/"),
          std::string("ftp://example.com/")}) {
        auto call = call_to(url);
        call.reach = Reach::outside;
        call.connect_timeout_ms = 1'000;
        EXPECT_EQ(code_of(client->call(call)), ErrorCode::forbidden) << url;
    }
    EXPECT_EQ(reached, 0);
    // Redirects: loopback is reached, the private address behind it is not.
    auto call = call_to(s.url("/?to=10.0.0.1"));
    call.reach = Reach::outside_or_loopback;
    call.max_redirects = 3;
    EXPECT_EQ(code_of(client->call(call)), ErrorCode::forbidden);
    EXPECT_EQ(reached, 1);
    call.url = s.url("/?to=169.254.169.254");
    EXPECT_EQ(code_of(client->call(call)), ErrorCode::forbidden);
}

// A connection opened by a trusted call must not carry one that may not go there.
TEST(HttpClient, ChecksKeptConnectionsToo) {
    const TestServer s(mirror);
    const auto client = make_http_client();
    ASSERT_TRUE(client->call(call_to(s.url("/"))));
    auto call = call_to(s.url("/"));
    call.reach = Reach::outside;
    EXPECT_EQ(code_of(client->call(call)), ErrorCode::forbidden);
    call.reach = Reach::outside_or_loopback;
    EXPECT_TRUE(client->call(call));
}

TEST(HttpClient, IgnoresProxiesOfTheEnvironment) {
    const TestServer s(mirror);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    EXPECT_TRUE(make_http_client()->call(call_to(s.url("/"))));
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

TEST(HttpClient, NamesNoPathOrQueryInErrors) {
    const auto client = make_http_client();
    for (const auto* url :
         {"http://127.0.0.1:1/secretpath?access_token=secrettoken",
          "ftp://x/secretpath?access_token=secrettoken",
          "http://does-not-exist.invalid/secretpath?access_token=secrettoken",
          "http://a b/secretpath?access_token=secrettoken"}) {
        const auto result = client->call(call_to(url));
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().message.find("secret"), std::string::npos)
            << result.error().message;
    }
}

TEST(HttpClient, ServesManyThreads) {
    const TestServer s(mirror);
    const auto client = make_http_client();
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 100; ++i) {
                const auto body = std::to_string(t * 1000 + i);
                const auto reply = client->call(call_to(s.url("/"), Method::post, body));
                good += reply && reply->body == "POST /? " + body ? 1 : 0;
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(good, 800);
}

}  // namespace
}  // namespace leadbridge
