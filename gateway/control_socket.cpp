#include "gateway/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t max_message = 16 << 20;
constexpr int answer_ms = 60'000;

class Fd {
public:
    explicit Fd(int fd) : fd_(fd) {}

    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;

    ~Fd() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    int get() const { return fd_; }

private:
    int fd_;
};

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        throw std::runtime_error(
            "control socket path is too long: " + path + "; use a shorter server.data_dir"
        );
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

const sockaddr* as_sockaddr(const sockaddr_un& address) {
    return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

// One line, without its newline; nullopt when the peer is gone, too slow or too talkative.
std::optional<std::string> read_line(int fd, int within_ms) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(within_ms);
    std::string line;
    std::array<char, 16'384> chunk{};
    while (line.size() < max_message) {
        pollfd wait{fd, POLLIN, 0};
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now()
        );
        if (::poll(&wait, 1, std::max(0, static_cast<int>(left.count()))) <= 0) {
            return std::nullopt;
        }
        const ssize_t n = ::read(fd, chunk.data(), chunk.size());
        if (n <= 0) {
            return std::nullopt;
        }
        line.append(chunk.data(), static_cast<std::size_t>(n));
        if (line.back() == '\n') {
            line.pop_back();
            return line;
        }
    }
    return std::nullopt;
}

bool write_all(int fd, std::string_view data) {
    while (!data.empty()) {
        const ssize_t n = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        data.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

json::object headers_json(const Headers& headers) {
    json::object out;
    for (const auto& [name, value] : headers.all()) {
        out[name] = value;
    }
    return out;
}

Headers headers_of(const json::object& object) {
    Headers out;
    for (const auto& item : object) {
        if (item.value().is_string()) {
            out.add(std::string(item.key()), std::string(item.value().get_string()));
        }
    }
    return out;
}

Method method_of(std::string_view name) {
    for (const Method m : {Method::get, Method::post, Method::put, Method::patch, Method::del}) {
        if (to_string(m) == name) {
            return m;
        }
    }
    return Method::other;
}

Result<Request> decode_request(const std::string& line) {
    auto value = parse_json(line, JsonLimits{max_message, 8});
    if (!value || !value->is_object()) {
        return Error{ErrorCode::invalid, "control request is not a JSON object"};
    }
    const json::object& object = value->get_object();
    Request request;
    request.method = method_of(json_string(object, "method"));
    request.path = json_string(object, "path");
    request.raw_query = json_string(object, "query");
    auto query = Query::parse(request.raw_query);
    if (!query) {
        return std::move(query).error();
    }
    request.query = std::move(*query);
    if (const json::object* headers = json_object(object, "headers")) {
        request.headers = headers_of(*headers);
    }
    request.body = json_string(object, "body");
    request.remote_address = "local";
    request.request_id = "control";
    return request;
}

}  // namespace

std::string control_socket_path(const std::string& data_dir) {
    std::string path = std::filesystem::absolute(data_dir) / "control.sock";
    if (path.size() < sizeof(sockaddr_un{}.sun_path)) {
        return path;
    }
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    const std::string base = runtime != nullptr ? runtime : "/tmp";
    return base + "/leadbridge-" + crypto::hex(crypto::sha256(path)).substr(0, 16) + ".sock";
}

struct ControlSocket::State {
    std::string path;
    std::function<Response(const Request&)> handler;
    ControlSocketOptions options;
    Fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::atomic<bool> stopping{false};
    std::thread thread;

    void serve_one(int fd) {
        const auto line = read_line(fd, options.request_ms);
        if (!line) {
            return;
        }
        Response response;
        auto request = decode_request(*line);
        if (request) {
            response = handler(*request);
        } else {
            response = Response::text(400, request.error().message);
        }
        const json::object answer{
            {"status", response.status},
            {"headers", headers_json(response.headers)},
            {"body", response.body}};
        if (!write_all(fd, to_text(answer) + "\n")) {
            log::warn("control", "a command left before its answer");
        }
    }

    void run() {
        while (!stopping) {
            pollfd wait{listener.get(), POLLIN, 0};
            if (::poll(&wait, 1, 200) <= 0) {
                continue;
            }
            const Fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (peer.get() >= 0) {
                // A command that is stopped (^Z) must not hold the others or the daemon's end.
                const timeval patience{5, 0};
                ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
                serve_one(peer.get());
            }
        }
    }
};

ControlSocket::ControlSocket(
    std::string path, std::function<Response(const Request&)> handler, ControlSocketOptions options
)
    : state_(std::make_unique<State>()) {
    state_->options = options;
    state_->path = std::move(path);
    state_->handler = std::move(handler);
    const sockaddr_un address = address_of(state_->path);
    ::unlink(state_->path.c_str()
    );  // the data directory's lock is held, so a socket found here is a dead one
    const mode_t before = ::umask(0177);
    const int bound = ::bind(state_->listener.get(), as_sockaddr(address), sizeof(address));
    ::umask(before);
    if (bound != 0 || ::listen(state_->listener.get(), 16) != 0) {
        throw std::runtime_error(
            "cannot listen on " + state_->path + ": " + std::strerror(errno) +
            "; check the owner of server.data_dir"
        );
    }
    state_->thread = std::thread([s = state_.get()] { s->run(); });
}

ControlSocket::~ControlSocket() {
    state_->stopping = true;
    state_->thread.join();
    ::unlink(state_->path.c_str());
}

bool trusted_peer(uid_t answering, uid_t asking) noexcept {
    return answering == 0 || answering == asking || asking == 0;
}

Result<Response> ask_daemon(const std::string& path, const Request& request) {
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = address_of(path);
    if (::connect(fd.get(), as_sockaddr(address), sizeof(address)) != 0) {
        return Error{ErrorCode::retry_later, "no daemon listens on " + path};
    }
    // Requests carry secrets: whoever answers must be root or the user that we are.
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        !trusted_peer(peer.uid, ::geteuid())) {
        return Error{ErrorCode::forbidden, "another user's program listens on " + path};
    }
    const json::object message{
        {"method", to_string(request.method)},
        {"path", request.path},
        {"query", request.raw_query},
        {"headers", headers_json(request.headers)},
        {"body", request.body}};
    if (!write_all(fd.get(), to_text(message) + "\n")) {
        return Error{
            ErrorCode::unknown_result, "the daemon closed " + path + " before it took the request"};
    }
    const auto line = read_line(fd.get(), answer_ms);
    auto value =
        line ? parse_json(*line, JsonLimits{max_message, 8}) : Error{ErrorCode::unknown_result, ""};
    if (!value || !value->is_object()) {
        return Error{
            ErrorCode::unknown_result,
            "the daemon gave no answer on " + path + "; look at its log"};
    }
    const json::object& object = value->get_object();
    Response response;
    response.status = static_cast<int>(json_int(object, "status"));
    response.body = json_string(object, "body");
    if (const json::object* headers = json_object(object, "headers")) {
        response.headers = headers_of(*headers);
    }
    return response;
}

}  // namespace leadbridge::gateway
