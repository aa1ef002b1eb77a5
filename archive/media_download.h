#pragma once
// One file from the source into the blob store: chunk by chunk, resumed where it stopped, checked
// by size and MD5.

#include <cstdint>
#include <functional>
#include <string>

#include "archive/message.h"
#include "archive/source.h"
#include "base/blob_store.h"
#include "base/id.h"
#include "base/result.h"

namespace leadbridge::archive {

// Where a download stands; kept in the media row so that it goes on after a restart.
struct DownloadPoint {
    std::string next_index;  // "" = from the start
    std::int64_t received = 0;
};

// Called after each chunk that is in the blob store's partial file. False = stop here, to go on
// another time.
using ChunkNoted = std::function<bool(const DownloadPoint&)>;

struct DownloadLimits {
    std::int64_t max_bytes = 4LL << 30;
};

// Error{conflict, "stopped"} when noted said so; Error{corrupt, "size" | "md5"} when the whole file
// does not match: the partial file is gone then and the next try begins anew; Error{too_large};
// else the source's error, after which the same chunk is asked for again from `at` as last noted.
// name: of the upload, stable.
Result<BlobInfo> download(
    ArchiveSource& source,
    BlobStore& blobs,
    CorpId corp,
    const std::string& name,
    const MediaRef& media,
    DownloadPoint at,
    const ChunkNoted& noted,
    const DownloadLimits& limits = {}
);

}  // namespace leadbridge::archive
