#pragma once
// Content-addressed files, sealed in chunks, one folder per corp. Written to a temporary name,
// synced, then renamed.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/result.h"
#include "base/vault.h"

namespace leadbridge {

struct BlobInfo {
    std::string hash;  // hex SHA-256 of the clear bytes: the blob's name
    std::int64_t size = 0;
};

// An upload in progress; the partial file survives a crash and is resumed by its name.
class BlobWriter {
public:
    virtual ~BlobWriter() = default;
    virtual std::int64_t size() const = 0;  // clear bytes so far (after a resume: what was kept)
    virtual Status append(std::string_view bytes) = 0;
    virtual std::string md5_hex() = 0;      // of all clear bytes so far
    virtual Result<BlobInfo> finish() = 0;  // durable when it returns; an equal blob is kept once
    virtual void discard() = 0;
};

class BlobStore {
public:
    virtual ~BlobStore() = default;
    // name: the caller's stable name of this upload within the corp, for resuming;
    // [A-Za-z0-9_-]{1,100}.
    virtual Result<std::unique_ptr<BlobWriter>> writer(CorpId corp, std::string_view name) = 0;
    virtual bool exists(CorpId corp, std::string_view hash) = 0;
    virtual Result<BlobInfo> stat(CorpId corp, std::string_view hash) = 0;
    // Clear bytes of [offset, offset+length); length 0 = to the end. Error{not_found} or
    // Error{corrupt}.
    virtual Result<std::string> read(
        CorpId corp, std::string_view hash, std::int64_t offset, std::int64_t length
    ) = 0;
    virtual Status remove(CorpId corp, std::string_view hash) = 0;
    // Every blob and unfinished upload of the corp, at most `limit` files a call. True when none is
    // left. For a corp that was removed: nothing is written for it any more.
    virtual bool remove_all(CorpId corp, int limit) = 0;
};

std::unique_ptr<BlobStore> open_directory_blobs(const std::string& directory, Vault& vault);

}  // namespace leadbridge
