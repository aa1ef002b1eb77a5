#include "gateway/backup/blob_copy.h"

#include <algorithm>
#include <set>

#include "gateway/backup/files.h"

namespace leadbridge::gateway {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t hash_size = 64;
constexpr std::int64_t no_file = -1;

std::int64_t size_of(const fs::path& path) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    return error ? no_file : static_cast<std::int64_t>(size);
}

// Every finished blob below `root`, as CORP/ab/HASH, sorted. Unfinished uploads stand elsewhere.
std::vector<std::string> blob_paths(const fs::path& root) {
    std::vector<std::string> paths;
    std::error_code error;
    for (fs::directory_iterator corp(root, error), end; !error && corp != end;
         corp.increment(error)) {
        std::error_code inner;
        for (fs::recursive_directory_iterator at(corp->path(), inner), stop; !inner && at != stop;
             at.increment(inner)) {
            const std::string name = at->path().filename().string();
            if (name == "partial") {
                at.disable_recursion_pending();
            } else if (name.size() == hash_size && at->is_regular_file(inner)) {
                paths.push_back(at->path().lexically_relative(root).string());
            }
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

const BackedUpBlob* find(const std::vector<BackedUpBlob>& blobs, const std::string& path) {
    const auto at = std::lower_bound(
        blobs.begin(),
        blobs.end(),
        path,
        [](const BackedUpBlob& blob, const std::string& wanted) { return blob.path < wanted; }
    );
    return at != blobs.end() && at->path == path ? &*at : nullptr;
}

class Copier {
public:
    Copier(fs::path from, fs::path to, std::vector<BackedUpBlob> known)
        : from_(std::move(from)), to_(std::move(to)), known_(std::move(known)) {
        std::sort(known_.begin(), known_.end(), [](const auto& a, const auto& b) {
            return a.path < b.path;
        });
    }

    void take(const std::string& path) {
        const std::int64_t there = size_of(to_ / path);
        const BackedUpBlob* before = find(known_, path);
        if (before != nullptr && before->size == there) {
            out.all.push_back(*before);
            return;
        }
        // Copied by a backup that did not come to its end, or by one whose list is gone.
        if (before == nullptr && there != no_file && there == size_of(from_ / path)) {
            if (const auto hashed = hash_file(to_ / path)) {
                out.all.push_back({path, hashed->size, hashed->sha256});
                return;
            }
        }
        const fs::path folder = (to_ / path).parent_path();
        make_directory(folder);
        if (const auto copied = copy_file(from_ / path, to_ / path, Durable::yes)) {
            folders_.insert(folder);
            ++out.copied;
            out.copied_bytes += copied->size;
            out.all.push_back({path, copied->size, copied->sha256});
        }
    }

    BlobsCopied finish() {
        for (const fs::path& folder : folders_) {
            sync_directory(folder);
        }
        return std::move(out);
    }

    BlobsCopied out;

private:
    const fs::path from_;
    const fs::path to_;
    std::vector<BackedUpBlob> known_;  // by path
    std::set<fs::path> folders_;
};

}  // namespace

std::int64_t bytes_to_copy(const fs::path& from, const fs::path& to) {
    std::int64_t bytes = 0;
    for (const std::string& path : blob_paths(from)) {
        const std::int64_t size = size_of(from / path);
        bytes += size_of(to / path) == size ? 0 : std::max<std::int64_t>(0, size);
    }
    return bytes;
}

Result<BlobsCopied> copy_blobs(
    const fs::path& from,
    const fs::path& to,
    std::vector<BackedUpBlob> known,
    const std::function<bool(std::int64_t done)>& keep_going
) {
    Copier copier(from, to, std::move(known));
    std::int64_t done = 0;
    for (const std::string& path : blob_paths(from)) {
        copier.take(path);
        if (!keep_going(++done)) {
            return Error{ErrorCode::conflict, "the backup was given up", "given_up"};
        }
    }
    return copier.finish();
}

std::string blob_fault(const fs::path& folder, const BackedUpBlob& blob, LookAt what) {
    const fs::path path = folder / blob.path;
    const std::int64_t size = size_of(path);
    if (size == no_file) {
        return path.string() + " is missing";
    }
    if (size != blob.size) {
        return path.string() + " has another size than it had";
    }
    if (what == LookAt::whole) {
        const auto hashed = hash_file(path);
        if (!hashed || hashed->sha256 != blob.sha256) {
            return path.string() + " is damaged";
        }
    }
    return {};
}

}  // namespace leadbridge::gateway
