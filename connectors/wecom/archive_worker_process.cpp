#include "connectors/wecom/archive_worker_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "connectors/wecom/archive_codec.h"
#include "connectors/wecom/archive_frames.h"

namespace leadbridge::wecom {

struct WorkerProcess::Deadline {
    std::chrono::steady_clock::time_point at;

    int left_ms() const {
        using namespace std::chrono;
        const auto left = duration_cast<milliseconds>(at - steady_clock::now()).count();
        return left <= 0 ? 0 : static_cast<int>(left) + 1;
    }
};

namespace {

struct SpawnActions {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};

    SpawnActions() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }

    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;

    ~SpawnActions() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
};

int spawn_worker(const WorkerOptions& options, int fd, pid_t& pid) {
    SpawnActions spawn;
    posix_spawn_file_actions_adddup2(&spawn.actions, fd, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&spawn.actions, fd, STDOUT_FILENO);
    // The daemon blocks and ignores signals for itself; the worker starts with none of that.
    sigset_t none;
    sigemptyset(&none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&spawn.attributes, &none);
    posix_spawnattr_setsigdefault(&spawn.attributes, &all);
    posix_spawnattr_setflags(&spawn.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::string executable = options.executable;
    std::string sdk = options.sdk;
    std::string cap = std::to_string(options.memory_cap_bytes);
    std::string parent = std::to_string(getpid());
    std::array<char*, 5> argv{executable.data(), sdk.data(), cap.data(), parent.data(), nullptr};
    // Its environment is the daemon's without our own settings, which may hold the master key.
    std::vector<char*> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (std::strncmp(*entry, "LEADBRIDGE_", 11) != 0) {
            environment.push_back(*entry);
        }
    }
    environment.push_back(nullptr);
    return posix_spawn(
        &pid, executable.c_str(), &spawn.actions, &spawn.attributes, argv.data(), environment.data()
    );
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(
    SpawnThread& spawner, const WorkerOptions& options, int cancel_fd
) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return Error{
            ErrorCode::retry_later,
            fmt::format("no socket for the archive worker: {}", std::strerror(errno))};
    }
    pid_t pid = 0;
    int failure = 0;
    spawner.run([&] { failure = spawn_worker(options, ends[1], pid); });
    close(ends[1]);
    if (failure != 0) {
        close(ends[0]);
        return Error{
            ErrorCode::permanent,
            fmt::format(
                "cannot start {}: {}; it belongs beside the leadbridge program",
                options.executable,
                std::strerror(failure)
            ),
            "worker_missing"};
    }
    return std::unique_ptr<WorkerProcess>(new WorkerProcess(pid, ends[0], cancel_fd));
}

WorkerProcess::~WorkerProcess() {
    if (alive()) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    close(fd_);
}

// Kills what may still run and tells how it ended.
Error WorkerProcess::dead(std::string_view reason) {
    std::string how = "stopped";
    if (pid_ > 0) {
        int status = 0;
        // One that crashed is already ending: leave it a moment to show its own status.
        for (int i = 0; reason == "sdk_crashed" && i < 50 && waitpid(pid_, &status, WNOHANG) == 0;
             ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            if (i == 49) {
                kill(pid_, SIGKILL);
                waitpid(pid_, &status, 0);
            }
        }
        if (reason != "sdk_crashed") {
            kill(pid_, SIGKILL);
            waitpid(pid_, &status, 0);
        }
        if (WIFSIGNALED(status)) {
            how = fmt::format("signal {}", WTERMSIG(status));
        } else if (WIFEXITED(status)) {
            how = fmt::format("exit code {}", WEXITSTATUS(status));
        }
        pid_ = -1;
    }
    return {
        ErrorCode::retry_later,
        fmt::format("the archive worker is gone: {} ({})", reason, how),
        std::string(reason)};
}

Status WorkerProcess::wait_for(short events, const Deadline& deadline) {
    std::array<pollfd, 2> fds{pollfd{fd_, events, 0}, pollfd{cancel_fd_, POLLIN, 0}};
    for (;;) {
        const int n = poll(fds.data(), fds.size(), deadline.left_ms());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n > 0 && fds[1].revents != 0) {
            return dead("cancelled");
        }
        if (n > 0) {
            return {};
        }
        return dead("sdk_hanging");
    }
}

Status WorkerProcess::send(std::string_view bytes, const Deadline& deadline) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN || errno == EINTR) {
            if (auto ready = wait_for(POLLOUT, deadline); !ready) {
                return ready;
            }
        } else {
            return dead("sdk_crashed");
        }
    }
    return {};
}

Status WorkerProcess::receive(char* data, std::size_t size, const Deadline& deadline) {
    while (size > 0) {
        const ssize_t n = recv(fd_, data, size, MSG_DONTWAIT);
        if (n > 0) {
            data += n;
            size -= static_cast<std::size_t>(n);
        } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (auto ready = wait_for(POLLIN, deadline); !ready) {
                return ready;
            }
        } else {
            return dead("sdk_crashed");
        }
    }
    return {};
}

Result<std::string> WorkerProcess::exchange(std::string_view request, const Deadline& deadline) {
    if (auto sent = send(request, deadline); !sent) {
        return std::move(sent).error();
    }
    std::array<char, frames::size_bytes> size_field{};
    if (auto got = receive(size_field.data(), size_field.size(), deadline); !got) {
        return std::move(got).error();
    }
    const std::size_t size =
        frames::get_u32(reinterpret_cast<const unsigned char*>(size_field.data()));
    if (size < frames::header_bytes || size > frames::max_reply) {
        return dead("worker_protocol");
    }
    std::string body(size, '\0');
    if (auto got = receive(body.data(), size, deadline); !got) {
        return std::move(got).error();
    }
    return body;
}

Result<WorkerProcess::Fields> WorkerProcess::ask(
    std::uint8_t type, const std::vector<std::string_view>& fields, std::int64_t deadline_ms
) {
    assert(fields.size() <= frames::max_fields);
    if (!alive()) {
        return dead("sdk_crashed");
    }
    std::array<frames::Field, frames::max_fields> views{};
    for (std::size_t i = 0; i < fields.size(); ++i) {
        views.at(i) = {reinterpret_cast<const unsigned char*>(fields[i].data()), fields[i].size()};
    }
    std::string request(frames::frame_bytes(views.data(), fields.size()), '\0');
    if (request.size() > frames::max_request) {
        return Error{ErrorCode::invalid, "a message too long for the archive library", "too_long"};
    }
    const std::uint32_t id = next_id_++;
    frames::write(
        reinterpret_cast<unsigned char*>(request.data()), id, type, views.data(), fields.size()
    );
    const Deadline deadline{
        std::chrono::steady_clock::now() + std::chrono::milliseconds(deadline_ms)};
    auto body = exchange(request, deadline);
    if (!body) {
        return std::move(body).error();
    }
    const auto frame =
        frames::parse(reinterpret_cast<const unsigned char*>(body->data()), body->size());
    if (!frame.ok || frame.id != id || frame.type != (type | frames::reply_bit) ||
        frame.fields == 0) {
        return dead("worker_protocol");
    }
    const auto text = [](const frames::Field& field) {
        return std::string(reinterpret_cast<const char*>(field.data), field.size);
    };
    const auto code = static_cast<std::int64_t>(frames::number(frame.field[0]));
    if (code != 0) {
        const char* const names[] = {
            "", "Init", "GetChatData", "DecryptData", "GetMediaData", "quit"};
        return worker_code_error(
            static_cast<int>(code), names[type], frame.fields > 1 ? text(frame.field[1]) : ""
        );
    }
    Fields reply;
    for (std::size_t i = 1; i < frame.fields; ++i) {
        reply.push_back(text(frame.field[i]));
    }
    return reply;
}

std::int64_t WorkerProcess::resident_bytes() const {
    if (!alive()) {
        return 0;
    }
    const std::string path = fmt::format("/proc/{}/statm", pid_);
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
    long long total = 0;
    long long resident = 0;
    if (!file || std::fscanf(file.get(), "%lld %lld", &total, &resident) != 2) {
        return 0;
    }
    return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace leadbridge::wecom
