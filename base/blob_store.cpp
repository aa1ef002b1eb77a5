#include "base/blob_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/blob_format.h"

namespace leadbridge {

namespace {

namespace fs = std::filesystem;
using namespace blob_format;  // NOLINT(google-build-using-namespace): the other half of this file

bool valid_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= max_name &&
           std::all_of(name.begin(), name.end(), [](char c) {
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
        return resume_writer(
            vault_, corp, corp_directory(corp), std::string(name), std::move(*file)
        );
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
                fail_on_file("remove", path);
            }
            return Error{ErrorCode::not_found, "no such blob"};
        }
        sync_directory(path.parent_path());
        return {};
    }

    bool remove_all(CorpId corp, int limit) override {
        const fs::path directory = corp_directory(corp);
        std::error_code error;
        if (!fs::exists(directory, error)) {
            return true;
        }
        for (const auto& entry : fs::recursive_directory_iterator(directory)) {
            if (entry.is_directory()) {
                continue;
            }
            if (limit-- == 0) {
                return false;
            }
            if (::unlink(entry.path().c_str()) != 0 && errno != ENOENT) {
                fail_on_file("remove", entry.path());
            }
        }
        fs::remove_all(directory, error);
        sync_directory(directory_);
        return !error;
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
                fail_on_file("open", path);
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
                fail_on_file("open", path);
            }
            return Error{ErrorCode::not_found, "no such blob"};
        }
        const std::string start = file.read(0, magic.size() + 4);
        const std::size_t name_size =
            start.size() == magic.size() + 4 ? u32(start.substr(magic.size())) : 0;
        if (!start.starts_with(magic) || name_size == 0 || name_size > max_name) {
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
