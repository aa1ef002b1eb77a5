// The local socket: a silent command holds nobody for long, and nobody else answers in our name.

#include "gateway/control_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "tests/base/temp_database.h"

namespace leadbridge::gateway {
namespace {

Request get_me() {
    Request request;
    request.method = Method::get;
    request.path = "/api/v1/me";
    return request;
}

Response answer(const Request& request) {
    return Response::text(200, request.path);
}

// A command that connects and says nothing, or half of what it wants.
class Silent {
public:
    Silent(const std::string& path, std::string_view half)
        : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        const void* raw = &address;
        EXPECT_EQ(::connect(fd_, static_cast<const sockaddr*>(raw), sizeof(address)), 0);
        EXPECT_EQ(::send(fd_, half.data(), half.size(), 0), static_cast<ssize_t>(half.size()));
    }

    ~Silent() { ::close(fd_); }

    Silent(const Silent&) = delete;
    Silent& operator=(const Silent&) = delete;

    // Waits until the daemon has hung up; what it said before.
    std::string rest() const {
        std::string got(64, 0);
        const ssize_t n = ::recv(fd_, got.data(), got.size(), 0);
        got.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return got;
    }

private:
    int fd_;
};

TEST(ControlSocket, ASilentCommandIsGivenUpAndTheNextIsServed) {
    const TempDir dir;
    const std::string path = dir.path() + "/control.sock";
    ControlSocketOptions options;
    options.request_ms = 50;
    const ControlSocket socket(path, answer, options);
    const Silent nothing(path, "");
    const Silent half(path, R"({"method":"GET","path":"/api)");
    EXPECT_EQ(nothing.rest(), "") << "hung up without an answer";
    EXPECT_EQ(half.rest(), "");
    const auto served = ask_daemon(path, get_me());
    ASSERT_TRUE(served) << served.error().message;
    EXPECT_EQ(served->body, "/api/v1/me");
}

TEST(ControlSocket, WhatIsNoRequestIsRefused) {
    const TempDir dir;
    const std::string path = dir.path() + "/control.sock";
    const ControlSocket socket(path, answer);
    const Silent wrong(path, "hello\n");
    EXPECT_NE(wrong.rest().find("\"status\":400"), std::string::npos);
}

TEST(ControlSocket, OnlyItsOwnerMayOpenIt) {
    const TempDir dir;
    const std::string path = dir.path() + "/control.sock";
    const ControlSocket socket(path, answer);

    struct stat info {};

    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(ControlSocket, PeersOfAnotherUserAreNotTrusted) {
    EXPECT_TRUE(trusted_peer(0, 1000)) << "root's daemon";
    EXPECT_TRUE(trusted_peer(1000, 1000));
    EXPECT_FALSE(trusted_peer(1001, 1000)) << "a program of somebody else";
    EXPECT_TRUE(trusted_peer(1001, 0)) << "root asks a service that has a user of its own";
}

TEST(ControlSocket, NobodyThereIsSaid) {
    const TempDir dir;
    const auto none = ask_daemon(dir.path() + "/control.sock", get_me());
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::retry_later);
}

}  // namespace
}  // namespace leadbridge::gateway
