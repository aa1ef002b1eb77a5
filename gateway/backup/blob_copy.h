#pragma once
// Blobs in a backup: one folder for all backups of a directory. A blob never changes, so each is
// copied once.

#include <filesystem>
#include <functional>
#include <vector>

#include "gateway/backup/manifest.h"

namespace leadbridge::gateway {

struct BlobsCopied {
    std::vector<BackedUpBlob> all;  // by path
    std::int64_t copied = 0;
    std::int64_t copied_bytes = 0;
};

// Sizes of what a copy would add.
std::int64_t bytes_to_copy(const std::filesystem::path& from, const std::filesystem::path& to);

// Copies what is missing in `to`, durably, and lists everything that stands in `from`. known: the
// list of the newest former backup, whose hashes are taken as they are. A blob that goes meanwhile
// (its corp was removed) is left out. keep_going: false gives up with Error{conflict}.
Result<BlobsCopied> copy_blobs(
    const std::filesystem::path& from,
    const std::filesystem::path& to,
    std::vector<BackedUpBlob> known,
    const std::function<bool(std::int64_t done)>& keep_going
);

// What is wrong with a listed blob; "" = nothing. Hashed when `whole`.
enum class LookAt : bool { size, whole };
std::string blob_fault(const std::filesystem::path& folder, const BackedUpBlob& blob, LookAt what);

}  // namespace leadbridge::gateway
