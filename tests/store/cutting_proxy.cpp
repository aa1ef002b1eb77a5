#include "tests/store/cutting_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace leadbridge {

namespace {

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

const sockaddr* plain(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

std::string socket_of(const std::string& conninfo) {
    const auto from = conninfo.find("host=") + 5;
    return conninfo.substr(from, conninfo.find(' ', from) - from) + "/.s.PGSQL.5432";
}

bool holds(std::string_view bytes, std::string_view tag) {
    return bytes.find(std::string(tag) + '\0') != std::string_view::npos;
}

}  // namespace

CuttingProxy::CuttingProxy(const std::string& server, const std::string& folder)
    : server_path_(socket_of(server)),
      path_(folder + "/.s.PGSQL.5432"),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = address_of(path_);
    if (::bind(listener_, plain(address), sizeof address) != 0 || ::listen(listener_, 50) != 0) {
        throw std::runtime_error("the proxy cannot listen at " + path_);
    }
    thread_ = std::thread([this] { serve(); });
}

CuttingProxy::~CuttingProxy() {
    closing_ = true;
    thread_.join();
    for (auto& thread : *passing_.lock()) {
        thread.join();
    }
    ::close(listener_);
    ::unlink(path_.c_str());
}

void CuttingProxy::cut(Cut where, int times) {
    where_ = Cut::never;
    left_ = times;
    where_ = where;
}

bool CuttingProxy::use_up(Cut where) {
    if (where_ != where || left_ <= 0) {
        return false;
    }
    --left_;
    ++cuts_;
    return true;
}

void CuttingProxy::serve() {
    while (!closing_) {
        pollfd ready{listener_, POLLIN, 0};
        if (::poll(&ready, 1, 20) > 0) {
            const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (use_up(Cut::everything)) {
                ::close(client);
                continue;
            }
            passing_.lock()->emplace_back([this, client] { pass(client); });
        }
    }
}

void CuttingProxy::pass(int client) {
    const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = address_of(server_path_);
    bool open = ::connect(server, plain(address), sizeof address) == 0;
    bool begun = false;
    while (open && !closing_) {
        std::array<pollfd, 2> ready{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
        ::poll(ready.data(), 2, 20);
        open = (ready[0].revents == 0 || carry(client, server, true, begun)) &&
               (ready[1].revents == 0 || carry(server, client, false, begun));
    }
    ::close(server);
    ::close(client);
}

bool CuttingProxy::carry(int from, int to, bool to_server, bool& begun) {
    std::array<char, 65536> buffer;
    const auto size = ::recv(from, buffer.data(), buffer.size(), 0);
    if (size <= 0) {
        return false;
    }
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
    if (to_server && begun && use_up(Cut::before_commit)) {
        return false;
    }
    if (!to_server) {
        begun = holds(bytes, "BEGIN");
        if (holds(bytes, "COMMIT") && use_up(Cut::after_commit)) {
            return false;
        }
    }
    return ::send(to, buffer.data(), bytes.size(), MSG_NOSIGNAL) == size;
}

}  // namespace leadbridge
