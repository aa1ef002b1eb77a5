// The master key's file: made once, readable by its owner only.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/crypto.h"
#include "base/file.h"
#include "base/vault.h"

namespace leadbridge {

namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t max_file = 4096;

Error wrong_key(const std::string& where) {
    return Error{
        ErrorCode::invalid,
        where +
            " must hold 32 bytes as base64 (44 characters), e.g. made by: openssl rand -base64 32",
        "master_key_invalid"};
}

Result<Secret> parse_key(std::string text, const std::string& where) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.pop_back();
    }
    const Secret kept(text);  // wipes the text when it goes
    auto key = crypto::unbase64(kept.reveal());
    if (!key || key->size() != key_size) {
        return wrong_key(where);
    }
    return Secret(std::move(*key));
}

Result<Secret> read_key(int fd, const std::string& file) {
    const File opened(fd, file);

    struct stat info {};

    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return Error{ErrorCode::invalid, file + " is not a regular file", "master_key_invalid"};
    }
    if ((info.st_mode & 077) != 0) {
        return Error{
            ErrorCode::forbidden,
            fmt::format(
                "the master key file {} can be read by others (mode {:o}); run: chmod 600 {}",
                file,
                info.st_mode & 0777,
                file
            ),
            "master_key_exposed"};
    }
    if (info.st_size > static_cast<off_t>(max_file)) {
        return wrong_key(file);
    }
    return parse_key(opened.read(0, max_file), file);
}

Result<Secret> create_key(const std::string& file) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return Error{
            ErrorCode::permanent,
            fmt::format("cannot make the master key file {} ({})", file, std::strerror(errno)),
            "master_key_missing"};
    }
    SystemRng rng;
    Secret key(rng.bytes(key_size));
    {
        const File made(fd, file);
        const Secret line(crypto::base64(key.reveal()) + "\n");
        made.write(0, line.reveal());
        made.sync();
    }
    const auto folder = std::filesystem::path(file).parent_path();
    sync_directory(folder.empty() ? std::filesystem::path(".") : folder);
    return key;
}

}  // namespace

Result<Secret> load_master_key(const std::string& file, MissingKey missing) {
    if (const char* text = std::getenv("LEADBRIDGE_MASTER_KEY"); text != nullptr && *text != '\0') {
        return parse_key(text, "LEADBRIDGE_MASTER_KEY");
    }
    return load_key_file(file, missing);
}

Result<Secret> load_key_file(const std::string& file, MissingKey missing) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        return read_key(fd, file);
    }
    if (errno == ENOENT && missing == MissingKey::create) {
        return create_key(file);
    }
    return Error{
        errno == ENOENT ? ErrorCode::not_found : ErrorCode::permanent,
        fmt::format(
            "cannot read the master key file {} ({}); put the key back there or set "
            "LEADBRIDGE_MASTER_KEY. Without it the"
            " sealed data cannot be read",
            file,
            std::strerror(errno)
        ),
        "master_key_missing"};
}

}  // namespace leadbridge
