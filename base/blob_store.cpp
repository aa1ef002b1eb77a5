// A blob file:  magic  then per chunk: u32 length, sealed(64 KiB of clear bytes; the last chunk may
// be shorter)
//               then: sealed(decimal size ':' hex SHA-256), u32 length of it
// Every seal is bound to the upload's name and the chunk's number, so that no chunk can change its
// place unnoticed, and the sealed end says where the blob stops. The name stands behind the magic:
// u32 length, name. All integers little endian. A partial file is the same without its end:
// whatever opens is kept, the first thing that does not is cut off.
#include "base/blob_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/crypto.h"

namespace leadbridge {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "LBBLOB1\n";
constexpr std::size_t chunk_size = 64 * 1024;
constexpr std::size_t max_frame = chunk_size + 4096;  // what a seal may add

[[noreturn]] void fail(const std::string& what, const fs::path& path) {
    throw std::system_error(
        errno, std::generic_category(), "blob store: cannot " + what + " " + path.string()
    );
}

// A file descriptor with its path; the offsets of all calls are explicit.
class File {
public:
    File(int fd, fs::path path) : fd_(fd), path_(std::move(path)) {}

    File(File&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

    File& operator=(File&&) = delete;

    ~File() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    const fs::path& path() const noexcept { return path_; }

    int fd() const noexcept { return fd_; }

    std::int64_t size() const {
        struct stat info {};

        if (::fstat(fd_, &info) != 0) {
            fail("read", path_);
        }
        return info.st_size;
    }

    // Fewer bytes than asked for at the end of the file.
    std::string read(std::int64_t offset, std::size_t length) const {
        std::string out(length, '\0');
        std::size_t done = 0;
        while (done < length) {
            const ssize_t n = ::pread(
                fd_, out.data() + done, length - done, offset + static_cast<std::int64_t>(done)
            );
            if (n < 0 && errno != EINTR) {
                fail("read", path_);
            }
            if (n == 0) {
                break;
            }
            done += n > 0 ? static_cast<std::size_t>(n) : 0;
        }
        out.resize(done);
        return out;
    }

    void write(std::int64_t offset, std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), offset);
            if (n < 0) {
                if (errno == EINTR) {
                    continue;
                }
                fail("write", path_);
            }
            bytes.remove_prefix(static_cast<std::size_t>(n));
            offset += n;
        }
    }

    void truncate(std::int64_t size) const {
        if (::ftruncate(fd_, size) != 0) {
            fail("cut", path_);
        }
    }

    void sync() const {
        if (::fsync(fd_) != 0) {
            fail("sync", path_);
        }
    }

private:
    int fd_;
    fs::path path_;
};

void sync_directory(const fs::path& path) {
    const File directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), path};
    if (directory.fd() < 0) {
        fail("open", path);
    }
    directory.sync();
}

// Makes the folder and every missing one above it, each entry durable.
void make_directory(const fs::path& path) {
    if (path.empty() || fs::is_directory(path)) {
        return;
    }
    make_directory(path.parent_path());
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        fail("make", path);
    }
    sync_directory(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

std::string u32(std::size_t value) {
    std::string out(4, '\0');
    for (char& c : out) {
        c = static_cast<char>(value & 255U);
        value >>= 8U;
    }
    return out;
}

std::size_t u32(std::string_view bytes) noexcept {
    std::size_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        value = value << 8U | static_cast<unsigned char>(bytes[i]);
    }
    return value;
}

std::string chunk_place(std::string_view name, std::int64_t index) {
    return "blob:" + std::string(name) + ":" + std::to_string(index);
}

std::string end_place(std::string_view name) {
    return "blob-end:" + std::string(name);
}

std::string header(std::string_view name) {
    return std::string(magic) + u32(name.size()) + std::string(name);
}

bool valid_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

bool valid_hash(std::string_view hash) noexcept {
    return hash.size() == 64 &&
           hash.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Error corrupt(const fs::path& path, const char* what) {
    return Error{
        ErrorCode::corrupt,
        "blob " + path.filename().string() + ": " + what +
            "; restore it from the backup or fetch it again"};
}

// The frame at `offset`, empty when it is not whole.
std::string read_frame(const File& file, std::int64_t offset) {
    const std::string prefix = file.read(offset, 4);
    const std::size_t length = u32(prefix);
    if (prefix.size() != 4 || length == 0 || length > max_frame) {
        return {};
    }
    std::string frame = file.read(offset + 4, length);
    return frame.size() == length ? frame : std::string{};
}

class Writer final : public BlobWriter {
public:
    Writer(Vault& vault, CorpId corp, fs::path corp_directory, std::string name, File file)
        : vault_(vault),
          corp_(corp),
          directory_(std::move(corp_directory)),
          name_(std::move(name)),
          file_(std::move(file)) {
        resume();
    }

    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    ~Writer() override {
        if (open_ && !pending_.empty()) {
            try {
                write_chunk();
            } catch (const std::exception&) {  // what is lost here is asked for again by the next
                                               // writer
            }
        }
    }

    std::int64_t size() const override {
        return chunks_ * static_cast<std::int64_t>(chunk_size) +
               static_cast<std::int64_t>(pending_.size());
    }

    Status append(std::string_view bytes) override {
        if (!open_) {
            return closed();
        }
        while (!bytes.empty()) {
            const std::string_view part = bytes.substr(0, chunk_size - pending_.size());
            pending_ += part;
            md5_.update(part);
            sha256_.update(part);
            bytes.remove_prefix(part.size());
            if (pending_.size() == chunk_size) {
                end_ = write_chunk();
                ++chunks_;
                pending_.clear();
            }
        }
        return {};
    }

    std::string md5_hex() override { return crypto::hex(md5_.current()); }

    Result<BlobInfo> finish() override {
        if (!open_) {
            return closed();
        }
        BlobInfo info{crypto::hex(sha256_.current()), size()};
        std::int64_t end = pending_.empty() ? end_ : write_chunk();
        const std::string trailer =
            vault_.seal(corp_, std::to_string(info.size) + ":" + info.hash, end_place(name_));
        file_.write(end, trailer + u32(trailer.size()));
        end += static_cast<std::int64_t>(trailer.size() + 4);
        file_.truncate(end);
        file_.sync();
        const fs::path folder = directory_ / info.hash.substr(0, 2);
        make_directory(folder);
        // An equal blob that is already there is replaced as a whole: kept once, and healed should
        // it be damaged.
        if (::rename(file_.path().c_str(), (folder / info.hash).c_str()) != 0) {
            fail("rename", file_.path());
        }
        open_ = false;
        sync_directory(folder);
        return info;
    }

    void discard() override {
        if (open_) {
            open_ = false;
            ::unlink(file_.path().c_str());
        }
    }

private:
    static Error closed() {
        return Error{ErrorCode::conflict, "this upload is finished or discarded"};
    }

    // Seals what is pending behind the last whole chunk; returns where the file then ends.
    std::int64_t write_chunk() {
        const std::string sealed = vault_.seal(corp_, pending_, chunk_place(name_, chunks_));
        file_.write(end_, u32(sealed.size()) + sealed);
        return end_ + static_cast<std::int64_t>(sealed.size() + 4);
    }

    void resume() {
        const std::string start = header(name_);
        if (file_.read(0, start.size()) != start) {
            file_.truncate(0);
            file_.write(0, start);
        }
        end_ = static_cast<std::int64_t>(start.size());
        for (;;) {
            const std::string frame = read_frame(file_, end_);
            auto clear = frame.empty() ? Result<std::string>{Error{}}
                                       : vault_.open(corp_, frame, chunk_place(name_, chunks_));
            if (!clear || clear->empty() || clear->size() > chunk_size) {
                break;
            }
            md5_.update(*clear);
            sha256_.update(*clear);
            if (clear->size() < chunk_size) {  // the short tail of an upload that was put aside
                pending_ = std::move(*clear);
                break;
            }
            ++chunks_;
            end_ += static_cast<std::int64_t>(frame.size() + 4);
        }
        file_.truncate(pending_.empty() ? end_ : file_.size());
    }

    Vault& vault_;
    const CorpId corp_;
    const fs::path directory_;
    const std::string name_;
    File file_;
    bool open_ = true;
    std::string pending_;      // less than a chunk, not (or only as a tail) in the file
    std::int64_t chunks_ = 0;  // whole chunks in the file
    std::int64_t end_ = 0;     // where they end
    crypto::Digest md5_{"md5"};
    crypto::Digest sha256_{"sha256"};
};

class DirectoryBlobs final : public BlobStore {
public:
    DirectoryBlobs(const std::string& directory, Vault& vault)
        : directory_(directory), vault_(vault) {
        make_directory(directory_);
    }

    Result<std::unique_ptr<BlobWriter>> writer(CorpId corp, std::string_view name) override {
        if (!valid_name(name)) {
            return Error{
                ErrorCode::invalid, "blob store: the upload's name must be [A-Za-z0-9_-]{1,100}"};
        }
        const fs::path partials = corp_directory(corp) / "partial";
        make_directory(partials);
        auto file = open_alone(partials / name);
        if (!file) {
            return file.error();
        }
        sync_directory(partials);
        return std::unique_ptr<BlobWriter>{std::make_unique<Writer>(
            vault_, corp, corp_directory(corp), std::string(name), std::move(*file)
        )};
    }

    bool exists(CorpId corp, std::string_view hash) override {
        return valid_hash(hash) && ::access(path_of(corp, hash).c_str(), R_OK) == 0;
    }

    Result<BlobInfo> stat(CorpId corp, std::string_view hash) override {
        auto opened = open_blob(corp, hash);
        if (!opened) {
            return opened.error();
        }
        return opened->info;
    }

    Result<std::string> read(
        CorpId corp, std::string_view hash, std::int64_t offset, std::int64_t length
    ) override {
        auto blob = open_blob(corp, hash);
        if (!blob) {
            return blob.error();
        }
        if (offset < 0 || length < 0 || offset > blob->info.size) {
            return Error{ErrorCode::invalid, "blob store: the range lies outside the blob"};
        }
        const std::int64_t left = blob->info.size - offset;
        return read_range(corp, *blob, offset, length == 0 ? left : std::min(length, left));
    }

    Status remove(CorpId corp, std::string_view hash) override {
        const fs::path path = valid_hash(hash) ? path_of(corp, hash) : fs::path{};
        if (path.empty() || ::unlink(path.c_str()) != 0) {
            if (!path.empty() && errno != ENOENT) {
                fail("remove", path);
            }
            return Error{ErrorCode::not_found, "no such blob"};
        }
        sync_directory(path.parent_path());
        return {};
    }

private:
    struct Opened {
        File file;
        std::string name;  // of the upload that made it
        BlobInfo info;
    };

    fs::path corp_directory(CorpId corp) const { return directory_ / corp.str(); }

    fs::path path_of(CorpId corp, std::string_view hash) const {
        return corp_directory(corp) / hash.substr(0, 2) / hash;
    }

    // One writer per name. The lock may be won on a file that was renamed in the meantime: then it
    // is not ours to write.
    static Result<File> open_alone(const fs::path& path) {
        for (;;) {
            File file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), path};
            if (file.fd() < 0) {
                fail("open", path);
            }
            if (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
                return Error{
                    ErrorCode::conflict, "blob store: this upload is already being written"};
            }

            struct stat held {};

            struct stat named {};

            if (::fstat(file.fd(), &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
                held.st_ino == named.st_ino) {
                return file;
            }
        }
    }

    Result<Opened> open_blob(CorpId corp, std::string_view hash) const {
        if (!valid_hash(hash)) {
            return Error{ErrorCode::not_found, "no such blob"};
        }
        const fs::path path = path_of(corp, hash);
        File file{::open(path.c_str(), O_RDONLY | O_CLOEXEC), path};
        if (file.fd() < 0) {
            if (errno != ENOENT) {
                fail("open", path);
            }
            return Error{ErrorCode::not_found, "no such blob"};
        }
        const std::string start = file.read(0, magic.size() + 4);
        const std::size_t name_size =
            start.size() == magic.size() + 4 ? u32(start.substr(magic.size())) : 0;
        if (!start.starts_with(magic) || name_size == 0 || name_size > 100) {
            return corrupt(path, "the head is damaged");
        }
        std::string name = file.read(static_cast<std::int64_t>(start.size()), name_size);
        auto size = clear_size(corp, file, name, hash);
        if (!size) {
            return size.error();
        }
        return Opened{std::move(file), std::move(name), BlobInfo{std::string(hash), *size}};
    }

    Result<std::int64_t> clear_size(
        CorpId corp, const File& file, std::string_view name, std::string_view hash
    ) const {
        const std::int64_t file_size = file.size();
        const std::size_t length = file_size < 4 ? 0 : u32(file.read(file_size - 4, 4));
        if (length == 0 || length > max_frame ||
            static_cast<std::int64_t>(length) + 4 > file_size) {
            return corrupt(file.path(), "the end is missing");
        }
        const std::string sealed =
            file.read(file_size - 4 - static_cast<std::int64_t>(length), length);
        const auto end = vault_.open(corp, sealed, end_place(name));
        if (!end) {
            return corrupt(file.path(), "the end does not open");
        }
        std::int64_t size = 0;
        const auto [stop, error] = std::from_chars(end->data(), end->data() + end->size(), size);
        if (error != std::errc{} ||
            std::string_view(*end).substr(static_cast<std::size_t>(stop - end->data())) !=
                ":" + std::string(hash)) {
            return corrupt(file.path(), "it belongs to another name");
        }
        return size;
    }

    Result<std::string> read_range(
        CorpId corp, const Opened& blob, std::int64_t offset, std::int64_t length
    ) const {
        constexpr auto chunk = static_cast<std::int64_t>(chunk_size);
        std::string out;
        out.reserve(static_cast<std::size_t>(length));
        auto at = static_cast<std::int64_t>(header(blob.name).size());
        for (std::int64_t index = 0; index * chunk < offset + length; ++index) {
            if ((index + 1) * chunk <= offset) {
                at += 4 + static_cast<std::int64_t>(u32(blob.file.read(at, 4)));
                continue;
            }
            const std::string frame = read_frame(blob.file, at);
            auto clear = frame.empty() ? Result<std::string>{Error{}}
                                       : vault_.open(corp, frame, chunk_place(blob.name, index));
            const std::int64_t expected = std::min(chunk, blob.info.size - index * chunk);
            if (!clear || static_cast<std::int64_t>(clear->size()) != expected) {
                return corrupt(blob.file.path(), "a chunk does not open");
            }
            const std::int64_t skip = std::max<std::int64_t>(0, offset - index * chunk);
            const std::int64_t take =
                std::min(expected - skip, length - static_cast<std::int64_t>(out.size()));
            out.append(*clear, static_cast<std::size_t>(skip), static_cast<std::size_t>(take));
            at += static_cast<std::int64_t>(frame.size()) + 4;
        }
        return out;
    }

    const fs::path directory_;
    Vault& vault_;
};

}  // namespace

std::unique_ptr<BlobStore> open_directory_blobs(const std::string& directory, Vault& vault) {
    return std::make_unique<DirectoryBlobs>(directory, vault);
}

}  // namespace leadbridge
