#include "archive/media_download.h"

#include <algorithm>

namespace leadbridge::archive {

namespace {

Error mismatch(std::string_view what) {
    return {
        ErrorCode::corrupt,
        "a downloaded file does not match its " + std::string(what),
        std::string(what)};
}

// "" when the whole file is what the message promised.
std::string_view difference(BlobWriter& writer, const MediaRef& media) {
    if (media.size > 0 && writer.size() != media.size) {
        return "size";
    }
    return !media.md5.empty() && writer.md5_hex() != media.md5 ? "md5" : "";
}

}  // namespace

Result<BlobInfo> download(
    ArchiveSource& source,
    BlobStore& blobs,
    CorpId corp,
    const std::string& name,
    const MediaRef& media,
    DownloadPoint at,
    const ChunkNoted& noted,
    const DownloadLimits& limits
) {
    auto opened = blobs.writer(corp, name);
    if (opened && (*opened)->size() < at.received) {
        // The partial file lost its end (power failure): what is left cannot be joined to the
        // index.
        (*opened)->discard();
        opened = blobs.writer(corp, name);
        at = {};
    }
    if (!opened) {
        return std::move(opened).error();
    }
    BlobWriter& writer = **opened;
    // Bytes that came in but whose index was not noted: they come again and are passed over.
    auto skip = static_cast<std::size_t>(writer.size() - at.received);
    for (;;) {
        auto chunk = source.media(media.fileid, at.next_index);
        if (!chunk) {
            if (chunk.error().code == ErrorCode::not_found) {
                writer.discard();  // it never comes
            }
            return std::move(chunk).error();
        }
        const std::size_t passed = std::min(skip, chunk->bytes.size());
        skip -= passed;
        if (auto kept = writer.append(std::string_view(chunk->bytes).substr(passed)); !kept) {
            return std::move(kept).error();
        }
        at.received += static_cast<std::int64_t>(chunk->bytes.size());
        if (at.received > (media.size > 0 ? media.size : limits.max_bytes)) {
            writer.discard();
            return media.size > 0
                       ? mismatch("size")
                       : Error{ErrorCode::too_large, "a file beyond the limit", "too_large"};
        }
        if (chunk->finished) {
            break;
        }
        if (chunk->next_index.empty() || chunk->next_index == at.next_index ||
            chunk->bytes.empty()) {
            return Error{ErrorCode::retry_later, "GetMediaData does not get on", "no_progress"};
        }
        at.next_index = std::move(chunk->next_index);
        if (!noted(at)) {
            return Error{ErrorCode::conflict, "the download is put aside", "stopped"};
        }
    }
    if (const std::string_view what = difference(writer, media); !what.empty() || skip > 0) {
        writer.discard();
        return mismatch(what.empty() ? "size" : what);
    }
    return writer.finish();
}

}  // namespace leadbridge::archive
