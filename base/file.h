#pragma once
// Files by descriptor and explicit offset, and folders whose entries are durable. Failures of the
// environment throw std::system_error that names the path.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace leadbridge {

// Throws std::system_error from errno: "cannot <what> <path>: ...".
[[noreturn]] void fail_on_file(const std::string& what, const std::filesystem::path& path);

class File {
public:
    // Takes the descriptor, which may be -1 (see fd()).
    File(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}

    File(File&& other) noexcept;
    File& operator=(File&&) = delete;
    ~File();

    const std::filesystem::path& path() const noexcept { return path_; }

    int fd() const noexcept { return fd_; }

    std::int64_t size() const;
    // Fewer bytes than asked for at the end of the file.
    std::string read(std::int64_t offset, std::size_t length) const;
    void write(std::int64_t offset, std::string_view bytes) const;
    void truncate(std::int64_t size) const;
    void sync() const;

private:
    int fd_;
    std::filesystem::path path_;
};

void sync_directory(const std::filesystem::path& path);
// Makes the folder (0700) and every missing one above it, each entry durable.
void make_directory(const std::filesystem::path& path);

}  // namespace leadbridge
