#include "connectors/sandbox/fake_sdk/http_get.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

namespace fake_sdk {

namespace {

using Time = std::chrono::steady_clock::time_point;

constexpr std::size_t max_reply = 128U << 20;

struct Socket {
    int fd;

    explicit Socket(int f) : fd(f) {}

    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    ~Socket() {
        if (fd >= 0) {
            close(fd);
        }
    }
};

bool wait_for(int fd, short events, Time until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                          until - std::chrono::steady_clock::now()
    )
                          .count();
    pollfd one{fd, events, 0};
    return left > 0 && poll(&one, 1, static_cast<int>(left)) == 1;
}

bool parse_base(const std::string& base, sockaddr_in& address) {
    const std::string scheme = "http://";
    const std::size_t colon = base.rfind(':');
    if (base.compare(0, scheme.size(), scheme) != 0 || colon < scheme.size()) {
        return false;
    }
    const int port = std::atoi(base.c_str() + colon + 1);
    address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const std::string host = base.substr(scheme.size(), colon - scheme.size());
    return port > 0 && port < 65'536 && inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1;
}

bool connect_to(const Socket& socket, const sockaddr_in& address, Time until) {
    if (connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        return true;
    }
    int error = 0;
    socklen_t size = sizeof error;
    return errno == EINPROGRESS && wait_for(socket.fd, POLLOUT, until) &&
           getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

bool send_all(const Socket& socket, const std::string& text, Time until) {
    std::size_t at = 0;
    while (at < text.size()) {
        const ssize_t n = send(socket.fd, text.data() + at, text.size() - at, MSG_NOSIGNAL);
        if (n > 0) {
            at += static_cast<std::size_t>(n);
        } else if ((errno != EAGAIN && errno != EINTR) || !wait_for(socket.fd, POLLOUT, until)) {
            return false;
        }
    }
    return true;
}

// To the end of the connection.
bool receive_all(const Socket& socket, std::string& into, Time until) {
    char buffer[65'536];
    for (;;) {
        const ssize_t n = recv(socket.fd, buffer, sizeof buffer, 0);
        if (n == 0) {
            return true;
        }
        if (n > 0) {
            into.append(buffer, static_cast<std::size_t>(n));
            if (into.size() > max_reply) {
                return false;
            }
        } else if ((errno != EAGAIN && errno != EINTR) || !wait_for(socket.fd, POLLIN, until)) {
            return false;
        }
    }
}

}  // namespace

std::string Reply::header(const std::string& name) const {
    std::size_t line = head.find("\r\n");
    while (line != std::string::npos) {
        const std::size_t start = line + 2;
        if (head.size() > start + name.size() && head[start + name.size()] == ':' &&
            strncasecmp(head.c_str() + start, name.c_str(), name.size()) == 0) {
            const std::size_t value = head.find_first_not_of(' ', start + name.size() + 1);
            const std::size_t end = head.find("\r\n", start);
            return value == std::string::npos || value >= end ? ""
                                                              : head.substr(value, end - value);
        }
        line = head.find("\r\n", start);
    }
    return "";
}

Reply http_get(
    const std::string& base,
    const std::string& target,
    const std::string& authorization,
    int timeout_s
) {
    Reply reply;
    sockaddr_in address{};
    if (!parse_base(base, address)) {
        return reply;
    }
    const Time until =
        std::chrono::steady_clock::now() + std::chrono::seconds(timeout_s > 0 ? timeout_s : 5);
    const Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    std::string request =
        "GET " + target + " HTTP/1.1\r\nHost: " + base.substr(7) + "\r\nConnection: close\r\n";
    if (!authorization.empty()) {
        request += "Authorization: " + authorization + "\r\n";
    }
    std::string bytes;
    if (socket.fd < 0 || !connect_to(socket, address, until) ||
        !send_all(socket, request + "\r\n", until) || !receive_all(socket, bytes, until)) {
        return reply;
    }
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string::npos || bytes.compare(0, 9, "HTTP/1.1 ") != 0) {
        return reply;
    }
    reply.head = bytes.substr(0, end + 2);
    reply.body = bytes.substr(end + 4);
    reply.status = std::atoi(bytes.c_str() + 9);
    const std::string length = reply.header("Content-Length");
    reply.ok = length.empty() || std::strtoull(length.c_str(), nullptr, 10) == reply.body.size();
    return reply;
}

std::string percent(const std::string& text) {
    static const char* const digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            c == '-' || c == '_' || c == '.' || c == '~') {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

}  // namespace fake_sdk
