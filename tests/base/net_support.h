#pragma once
// A server under test on a free port, and a client that speaks in raw bytes.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/http_server.h"
#include "base/metrics.h"

namespace leadbridge::test {

inline std::int64_t now_ms() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

class RawClient {
public:
    explicit RawClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            ::close(fd_);
            throw std::runtime_error("connect failed");
        }
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }

    ~RawClient() { close(); }

    RawClient(RawClient&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), seen_(std::move(other.seen_)) {}

    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    RawClient& operator=(RawClient&&) = delete;

    // False when the peer is gone.
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

    void end_sending() const { shutdown(fd_, SHUT_WR); }

    void close() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }

    // One response: head and as many bytes as Content-Length says (none for HEAD). "" if the
    // connection ended before.
    std::string response(bool with_body = true, int timeout_ms = 5'000) {
        while (seen_.find("\r\n\r\n") == std::string::npos) {
            if (!more(timeout_ms)) {
                return {};
            }
        }
        std::size_t end = seen_.find("\r\n\r\n") + 4;
        constexpr std::string_view length_field = "Content-Length: ";
        const auto length = seen_.find(length_field);
        if (with_body && length < end) {
            end += std::stoul(seen_.substr(length + length_field.size(), 20));
        }
        while (seen_.size() < end) {
            if (!more(timeout_ms)) {
                return {};
            }
        }
        std::string out = seen_.substr(0, end);
        seen_.erase(0, end);
        return out;
    }

    // Exactly n bytes; fewer when the peer closed or the time is over.
    std::string take(std::size_t n, int timeout_ms = 5'000) {
        while (seen_.size() < n && more(timeout_ms)) {
        }
        std::string out = seen_.substr(0, n);
        seen_.erase(0, out.size());
        return out;
    }

    // All until the peer closes; sets `closed` of the pair to false when it does not in time.
    std::pair<std::string, bool> rest(int timeout_ms = 5'000) {
        const std::int64_t until = now_ms() + timeout_ms;
        while (now_ms() < until) {
            if (!more(static_cast<int>(until - now_ms()))) {
                break;
            }
        }
        return {std::exchange(seen_, {}), ended_};
    }

private:
    bool more(int timeout_ms) {
        pollfd p{fd_, POLLIN, 0};
        if (poll(&p, 1, timeout_ms) != 1) {
            return false;
        }
        std::array<char, 65536> buffer{};
        const auto n = recv(fd_, buffer.data(), buffer.size(), 0);
        if (n <= 0) {
            ended_ = true;
            return false;
        }
        seen_.append(buffer.data(), static_cast<std::size_t>(n));
        return true;
    }

    int fd_;
    std::string seen_;
    bool ended_ = false;
};

struct TestServer {
    explicit TestServer(HttpHandler handler, HttpServerOptions options = {})
        : server(any_port(std::move(options)), clock, metrics, std::move(handler)) {
        server.start();
    }

    static HttpServerOptions any_port(HttpServerOptions options) {
        options.port = 0;
        return options;
    }

    RawClient client() const { return RawClient(server.port()); }

    std::string url(std::string_view path, std::string_view scheme = "http") const {
        return std::string(scheme) + "://127.0.0.1:" + std::to_string(server.port()) +
               std::string(path);
    }

    SystemClock clock;
    Metrics metrics;
    HttpServer server;
};

inline void echo(Request&& request, const Responder& responder) {
    std::string text(to_string(request.method));
    text += " " + request.path + " [" + request.body + "]";
    responder.respond(Response::text(200, text));
}

inline std::string get(std::string_view path, std::string_view more = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more) + "\r\n";
}

inline std::string post(std::string_view path, std::string_view body) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

inline int status_of(const std::string& response) {
    return response.size() < 12 ? 0 : std::stoi(response.substr(9, 3));
}

}  // namespace leadbridge::test
