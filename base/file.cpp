#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace leadbridge {

void fail_on_file(const std::string& what, const std::filesystem::path& path) {
    throw std::system_error(errno, std::generic_category(), "cannot " + what + " " + path.string());
}

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

File::~File() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

std::int64_t File::size() const {
    struct stat info {};

    if (::fstat(fd_, &info) != 0) {
        fail_on_file("read", path_);
    }
    return info.st_size;
}

std::string File::read(std::int64_t offset, std::size_t length) const {
    std::string out(length, '\0');
    std::size_t done = 0;
    while (done < length) {
        const ssize_t n = ::pread(
            fd_, out.data() + done, length - done, offset + static_cast<std::int64_t>(done)
        );
        if (n < 0 && errno != EINTR) {
            fail_on_file("read", path_);
        }
        if (n == 0) {
            break;
        }
        done += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    out.resize(done);
    return out;
}

void File::write(std::int64_t offset, std::string_view bytes) const {
    while (!bytes.empty()) {
        const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), offset);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            fail_on_file("write", path_);
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
        offset += n;
    }
}

void File::truncate(std::int64_t size) const {
    if (::ftruncate(fd_, size) != 0) {
        fail_on_file("cut", path_);
    }
}

void File::sync() const {
    if (::fsync(fd_) != 0) {
        fail_on_file("sync", path_);
    }
}

void sync_directory(const std::filesystem::path& path) {
    const File directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), path};
    if (directory.fd() < 0) {
        fail_on_file("open", path);
    }
    directory.sync();
}

void make_directory(const std::filesystem::path& path) {
    if (path.empty() || std::filesystem::is_directory(path)) {
        return;
    }
    make_directory(path.parent_path());
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        fail_on_file("make", path);
    }
    sync_directory(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

}  // namespace leadbridge
