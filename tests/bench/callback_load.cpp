// A closed-loop load of signed callbacks for deploy/bench: C connections, each sends its next
// request when the answer is in.
//   callback_load PORT PATH CONNECTIONS SECONDS [CORPID TOKEN AES_KEY]
// With a corp every request is a fresh, signed and encrypted event that
// asks nothing of WeCom, made before the clock
// starts; without one the same body goes to PATH. Prints one JSON line: requests, seconds, rate,
// p50_ms, p99_ms, refused.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
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

// True for a 200; reads one answer whose body ends with its Content-Length (0 in all answers here
// but health).
bool exchange(int fd, const std::string& request) {
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
        return false;
    }
    std::string answer;
    char chunk[4'096];
    while (true) {
        const ssize_t n = ::recv(fd, chunk, sizeof(chunk), 0);
        if (n <= 0) {
            return false;
        }
        answer.append(chunk, static_cast<std::size_t>(n));
        const std::size_t head = answer.find("\r\n\r\n");
        if (head == std::string::npos) {
            continue;
        }
        const std::size_t at = answer.find("ontent-Length: ");
        const std::size_t length = at == std::string::npos || at > head
                                       ? 0
                                       : std::strtoul(answer.c_str() + at + 15, nullptr, 10);
        if (answer.size() >= head + 4 + length) {
            return answer.compare(9, 3, "200") == 0;
        }
    }
}

struct Measured {
    std::vector<double> ms;
    int refused = 0;
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
    constexpr int per_second = 25'000;  // more than any server here takes
    const auto requests =
        make_requests(target, std::max(1'000, static_cast<int>(seconds * per_second)), rng);
    std::atomic<std::size_t> next{0};
    std::vector<Measured> measured(static_cast<std::size_t>(connections));
    std::vector<std::thread> threads;
    const auto end =
        Steady::now() +
        std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
    const auto began = Steady::now();
    for (Measured& m : measured) {
        threads.emplace_back([&] {
            const int fd = connect_to(target.port);
            while (Steady::now() < end) {
                const std::size_t i = next++;
                if (!target.corpid.empty() && i >= requests.size()) {
                    break;
                }
                const auto start = Steady::now();
                if (!exchange(fd, requests[i % requests.size()])) {
                    m.refused += 1;
                    break;
                }
                m.ms.push_back(
                    std::chrono::duration<double, std::milli>(Steady::now() - start).count()
                );
            }
            ::close(fd);
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    const double took = std::chrono::duration<double>(Steady::now() - began).count();
    std::vector<double> all;
    int refused = 0;
    for (const Measured& m : measured) {
        all.insert(all.end(), m.ms.begin(), m.ms.end());
        refused += m.refused;
    }
    std::sort(all.begin(), all.end());
    const auto at = [&](double q) {
        return all.empty() ? 0.0
                           : all[static_cast<std::size_t>(q * static_cast<double>(all.size() - 1))];
    };
    std::printf(
        "{\"requests\": %zu, \"seconds\": %.3f, \"rate\": %.0f, \"p50_ms\": %.2f, \"p99_ms\": "
        "%.2f, \"refused\": %d}\n",
        all.size(),
        took,
        static_cast<double>(all.size()) / took,
        at(0.5),
        at(0.99),
        refused
    );
    return 0;
}
