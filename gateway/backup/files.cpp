#include "gateway/backup/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/crypto.h"
#include "base/time_zone.h"

namespace leadbridge::gateway {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view scratch_prefix = "scratch-";
constexpr std::int64_t reserve = 64 << 20;
constexpr std::size_t piece = 1 << 20;
constexpr std::size_t stamp_size = 16;

bool is_stamp(const std::string& name) {
    return name.size() >= stamp_size && name[8] == 'T' && name[15] == 'Z' &&
           std::all_of(name.begin(), name.begin() + 8, [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t free_bytes(const fs::path& folder) {
    std::error_code error;
    const auto space = fs::space(folder, error);
    return error ? 0 : static_cast<std::int64_t>(space.available);
}

// Where it stands as long as it is not whole.
fs::path beside(const fs::path& path) {
    return path.string() + ".new";
}

Copied copy_bytes(const File& from, const File& to) {
    Copied copied;
    crypto::Digest digest("sha256");
    for (;;) {
        const std::string bytes = from.read(copied.size, piece);
        if (bytes.empty()) {
            break;
        }
        to.write(copied.size, bytes);
        digest.update(bytes);
        copied.size += static_cast<std::int64_t>(bytes.size());
    }
    copied.sha256 = crypto::hex(digest.finish());
    return copied;
}

}  // namespace

Scratch::Scratch(const fs::path& data_dir) {
    make_directory(data_dir);
    remove_left_over(data_dir);
    std::string pattern = (data_dir / (std::string(scratch_prefix) + "XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        fail_on_file("make", pattern);
    }
    path_ = pattern;
    const fs::path file = path_ / "lock";
    lock_.emplace(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), file);
    if (lock_->fd() < 0 || ::flock(lock_->fd(), LOCK_EX | LOCK_NB) != 0) {
        fail_on_file("lock", file);
    }
}

Scratch::~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void Scratch::remove_left_over(const fs::path& data_dir) noexcept {
    std::error_code error;
    for (fs::directory_iterator at(data_dir, error), end; !error && at != end;
         at.increment(error)) {
        if (!at->path().filename().string().starts_with(scratch_prefix)) {
            continue;
        }
        const fs::path file = at->path() / "lock";
        const File lock(::open(file.c_str(), O_RDWR | O_CLOEXEC), file);
        // Without a lock file its maker died before or is only just making it: an hour tells.
        const bool fresh =
            lock.fd() < 0 && fs::last_write_time(at->path(), error) >
                                 fs::file_time_type::clock::now() - std::chrono::hours(1);
        if (!fresh && (lock.fd() < 0 || ::flock(lock.fd(), LOCK_EX | LOCK_NB) == 0)) {
            std::error_code ignored;
            fs::remove_all(at->path(), ignored);
        }
    }
}

Result<File> lock_backup_dir(const fs::path& dir) {
    const fs::path path = dir / ".lock";
    File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), path);
    if (file.fd() < 0) {
        return Error{
            ErrorCode::permanent,
            fmt::format(
                "{} cannot be written ({}): give it to the user that runs LeadBridge",
                dir.string(),
                std::strerror(errno)
            )};
    }
    if (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
        return Error{
            ErrorCode::conflict, "another backup to " + dir.string() + " is under way", "busy"};
    }
    return file;
}

std::string free_stamp(const fs::path& dir, UnixMillis now) {
    std::string stamp;
    for (const char c : rfc3339(now / 1'000 * 1'000).substr(0, 19)) {
        if (c != '-' && c != ':') {
            stamp += c;
        }
    }
    stamp += 'Z';
    std::string name = stamp;
    for (int n = 2; fs::exists(dir / name); ++n) {
        name = stamp + "-" + std::to_string(n);
    }
    return name;
}

std::vector<std::string> backups_in(const fs::path& dir) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(dir, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (is_stamp(name) && fs::exists(at->path() / "manifest.json")) {
            names.push_back(name);
        }
    }
    std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
        const int order = a.compare(0, stamp_size, b, 0, stamp_size);
        return order != 0 ? order < 0 : a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    return names;
}

Result<fs::path> find_backup(const fs::path& path) {
    std::error_code error;
    const fs::path whole = fs::absolute(path, error).lexically_normal();
    const fs::path folder = whole.has_filename() ? whole : whole.parent_path();
    if (fs::exists(folder / "manifest.json", error)) {
        return folder;
    }
    const auto names = backups_in(folder);
    if (names.empty()) {
        return Error{
            ErrorCode::not_found, path.string() + " holds no complete backup", "no_backup"};
    }
    return folder / names.back();
}

std::optional<Copied> copy_file(const fs::path& from, const fs::path& to, Durable durable) {
    const File in(::open(from.c_str(), O_RDONLY | O_CLOEXEC), from);
    if (in.fd() < 0) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        fail_on_file("open", from);
    }
    const fs::path next = beside(to);
    const File out(::open(next.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), next);
    if (out.fd() < 0) {
        fail_on_file("make", next);
    }
    try {
        const Copied copied = copy_bytes(in, out);
        if (durable == Durable::yes) {
            out.sync();
        }
        fs::rename(next, to);
        return copied;
    } catch (...) {
        ::unlink(next.c_str());
        throw;
    }
}

Result<Copied> hash_file(const fs::path& path) {
    const File in(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path);
    if (in.fd() < 0) {
        return Error{ErrorCode::not_found, path.string() + ": " + std::strerror(errno)};
    }
    Copied copied;
    crypto::Digest digest("sha256");
    for (std::string bytes = in.read(0, piece); !bytes.empty();
         bytes = in.read(copied.size, piece)) {
        digest.update(bytes);
        copied.size += static_cast<std::int64_t>(bytes.size());
    }
    copied.sha256 = crypto::hex(digest.finish());
    return copied;
}

void write_file(const fs::path& path, std::string_view bytes) {
    const fs::path next = beside(path);
    {
        const File out(::open(next.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), next);
        if (out.fd() < 0) {
            fail_on_file("make", next);
        }
        out.write(0, bytes);
        out.sync();
    }
    fs::rename(next, path);
    sync_directory(path.parent_path());
}

Status require_space(const fs::path& folder, std::int64_t needed, std::string_view for_what) {
    constexpr std::int64_t mib = 1 << 20;
    const std::int64_t free = free_bytes(folder);
    if (free >= needed + reserve) {
        return {};
    }
    return Error{
        ErrorCode::permanent,
        fmt::format(
            "{} needs {} MB on the disk of {}, and {} MB are free: make room there",
            for_what,
            (needed + reserve) / mib + 1,
            folder.string(),
            free / mib
        ),
        "no_space"};
}

bool has_reserve(const fs::path& folder) {
    return free_bytes(folder) >= reserve;
}

}  // namespace leadbridge::gateway
