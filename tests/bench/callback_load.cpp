// A closed-loop load of signed callbacks for deploy/bench: C connections, each sends its next
// request when the answer is in.
//   callback_load PORT PATH CONNECTIONS SECONDS [CORPID TOKEN AES_KEY]
// With a corp every request is a fresh, signed and encrypted event that asks nothing of WeCom, made
// before the clock starts; a PATH that does not look at it (/healthz) gets the same bytes. Without
// one a plain body of that size goes to PATH. Prints one JSON line: requests, seconds, rate,
// p50_ms, p99_ms, cpu_us (of this client per request), refused.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "connectors/wecom/callback_crypto.h"

namespace {

using namespace leadbridge;
using Steady = std::chrono::steady_clock;

struct Target {
    int port = 0;
    std::string path;
    std::string corpid;
    std::string token;
    std::string aes_key;
};

std::string http(const Target& target, const std::string& query, const std::string& body) {
    return fmt::format(
        "POST {}{} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: "
        "{}\r\n\r\n{}",
        target.path,
        query,
        body.size(),
        body
    );
}

std::string event(const Target& target, std::int64_t now_s, const std::string& unique) {
    return fmt::format(
        "<xml><ToUserName><![CDATA[{}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
        "<CreateTime>{}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        "<Event><![CDATA[customer_acquisition]]></Event>"
        "<ChangeType><![CDATA[friend_request]]></ChangeType><LinkId><![CDATA[benchmark]]></LinkId>"
        "<State><![CDATA[{}]]></State></xml>",
        target.corpid,
        now_s,
        unique
    );
}

std::vector<std::string> make_requests(const Target& target, int n, SystemRng& rng) {
    std::vector<std::string> out;
    if (target.corpid.empty()) {
        out.push_back(http(target, "", std::string(900, 'x')));
        return out;
    }
    const auto crypto =
        wecom::CallbackCrypto::make(Secret(target.token), Secret(target.aes_key), {target.corpid});
    if (!crypto) {
        std::fprintf(stderr, "callback_load: %s\n", crypto.error().message.c_str());
        std::exit(1);
    }
    const std::int64_t now_s = SystemClock().now() / 1'000;
    const std::string timestamp = std::to_string(now_s);
    for (int i = 0; i < n; ++i) {
        const std::string cipher =
            crypto->seal(event(target, now_s, rng.token(16)), rng.bytes(16), target.corpid);
        const std::string nonce = rng.token(8);
        const std::string body = "<xml><Encrypt><![CDATA[" + cipher + "]]></Encrypt></xml>";
        out.push_back(http(
            target,
            fmt::format(
                "?msg_signature={}&timestamp={}&nonce={}",
                crypto->sign(timestamp, nonce, cipher),
                timestamp,
                nonce
            ),
            body
        ));
    }
    return out;
}

int connect_to(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (::connect(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof(address)) != 0) {
        std::perror("callback_load: connect");
        std::exit(1);
    }
    return fd;
}

double cpu_microseconds() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
}

struct Measured {
    std::vector<double> ms;
    int refused = 0;
};

// One connection: its request is out, its answer comes in pieces.
struct Exchange {
    int fd = -1;
    Steady::time_point sent;
    std::string answer;
};

enum class Answer { partial, ok, refused };

// An answer ends with its Content-Length.
Answer read_answer(Exchange& e) {
    char chunk[4'096];
    const ssize_t n = ::recv(e.fd, chunk, sizeof(chunk), 0);
    if (n <= 0) {
        return Answer::refused;
    }
    e.answer.append(chunk, static_cast<std::size_t>(n));
    const std::size_t head = e.answer.find("\r\n\r\n");
    if (head == std::string::npos) {
        return Answer::partial;
    }
    const std::size_t at = e.answer.find("ontent-Length: ");
    const std::size_t length =
        at == std::string::npos || at > head
            ? 0
            : static_cast<std::size_t>(std::strtoul(e.answer.c_str() + at + 15, nullptr, 10));
    if (e.answer.size() < head + 4 + length) {
        return Answer::partial;
    }
    return e.answer.compare(9, 3, "200") == 0 ? Answer::ok : Answer::refused;
}

// All connections on one thread: a thread for each would take the cores from the server by waking.
class Load {
public:
    Load(const Target& target, const std::vector<std::string>& requests, Steady::time_point end)
        : target_(target), requests_(requests), end_(end) {}

    Measured run(int connections) {
        std::vector<Exchange> all(static_cast<std::size_t>(connections));
        for (Exchange& e : all) {
            e.fd = connect_to(target_.port);
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.ptr = &e;
            ::epoll_ctl(epoll_, EPOLL_CTL_ADD, e.fd, &event);
        }
        for (Exchange& e : all) {
            send_next(e);
        }
        std::array<epoll_event, 256> ready{};
        while (open_ > 0) {
            const int n = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), -1);
            for (int i = 0; i < n; ++i) {
                serve(*static_cast<Exchange*>(ready[static_cast<std::size_t>(i)].data.ptr));
            }
        }
        ::close(epoll_);
        return std::move(measured_);
    }

private:
    void send_next(Exchange& e) {
        const std::size_t i = next_++;
        const bool over =
            Steady::now() >= end_ || (!target_.corpid.empty() && i >= requests_.size());
        const std::string& request = requests_[i % requests_.size()];
        e.answer.clear();
        e.sent = Steady::now();
        ++open_;
        if (over || ::send(e.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
                        static_cast<ssize_t>(request.size())) {
            measured_.refused += over ? 0 : 1;
            finish(e);
        }
    }

    void serve(Exchange& e) {
        const Answer answer = read_answer(e);
        if (answer == Answer::refused) {
            measured_.refused += 1;
            finish(e);
        } else if (answer == Answer::ok) {
            measured_.ms.push_back(
                std::chrono::duration<double, std::milli>(Steady::now() - e.sent).count()
            );
            --open_;
            send_next(e);
        }
    }

    void finish(Exchange& e) {
        --open_;
        ::close(e.fd);
    }

    const Target& target_;
    const std::vector<std::string>& requests_;
    const Steady::time_point end_;
    const int epoll_ = ::epoll_create1(0);
    std::size_t next_ = 0;
    int open_ = 0;
    Measured measured_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5 && argc != 8) {
        std::fprintf(
            stderr, "usage: callback_load PORT PATH CONNECTIONS SECONDS [CORPID TOKEN AES_KEY]\n"
        );
        return 2;
    }
    Target target{
        std::atoi(argv[1]),
        argv[2],
        argc > 5 ? argv[5] : "",
        argc > 6 ? argv[6] : "",
        argc > 7 ? argv[7] : ""};
    const int connections = std::atoi(argv[3]);
    const double seconds = std::atof(argv[4]);
    SystemRng rng;
    constexpr int per_second = 40'000;  // more than any server here takes
    const auto requests =
        make_requests(target, std::max(1'000, static_cast<int>(seconds * per_second)), rng);
    const double cpu_before = cpu_microseconds();
    const auto began = Steady::now();
    const auto end =
        began +
        std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
    auto [all, refused] = Load(target, requests, end).run(connections);
    const double cpu_us = cpu_microseconds() - cpu_before;
    const double took = std::chrono::duration<double>(Steady::now() - began).count();
    std::sort(all.begin(), all.end());
    const auto at = [&](double q) {
        return all.empty() ? 0.0
                           : all[static_cast<std::size_t>(q * static_cast<double>(all.size() - 1))];
    };
    std::printf(
        "{\"requests\": %zu, \"seconds\": %.3f, \"rate\": %.0f, \"p50_ms\": %.2f, \"p99_ms\": "
        "%.2f, \"cpu_us\": %.1f, \"refused\": %d}\n",
        all.size(),
        took,
        static_cast<double>(all.size()) / took,
        at(0.5),
        at(0.99),
        cpu_us / static_cast<double>(std::max<std::size_t>(all.size(), 1)),
        refused
    );
    return 0;
}
