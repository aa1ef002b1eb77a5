#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/sqlite_database.h"

namespace leadbridge {

Result<DataDirLock> DataDirLock::take(const std::string& data_dir) {
    std::error_code ec;
    std::filesystem::create_directories(data_dir, ec);
    const std::string path = data_dir + "/lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return Error{
            ErrorCode::permanent,
            fmt::format(
                "cannot open {} ({}); give the folder to the user that runs LeadBridge",
                path,
                std::strerror(errno)
            )};
    }
    DataDirLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        char pid[32] = {};
        const auto got = ::pread(fd, pid, sizeof(pid) - 1, 0);
        std::string holder(pid, got > 0 ? static_cast<std::size_t>(got) : 0);
        while (!holder.empty() && holder.back() == '\n') {
            holder.pop_back();
        }
        return Error{
            ErrorCode::conflict,
            fmt::format(
                "{} is held by another LeadBridge (process {}); stop it, or give this one another "
                "data_dir",
                data_dir,
                holder.empty() ? "unknown" : holder
            ),
            "data_dir_held"};
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    // The text is for people; the lock holds without it.
    if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
        return Error{
            ErrorCode::permanent,
            fmt::format("cannot write to {} ({})", path, std::strerror(errno))};
    }
    return lock;
}

DataDirLock::DataDirLock(DataDirLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DataDirLock& DataDirLock::operator=(DataDirLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

DataDirLock::~DataDirLock() {
    if (fd_ >= 0) {
        ::close(fd_);  // ends the lock
    }
}

}  // namespace leadbridge
