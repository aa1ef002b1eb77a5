#pragma once
// Files we send (90253): kept as blobs, uploaded ahead so that a welcome never waits for an upload.
// A media id of WeCom lives three days and serves all apps of the corp; it is renewed after 48 h
// for as long as the row exists.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/blob_store.h"
#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/job_queue.h"
#include "base/result.h"
#include "connectors/wecom/api_client.h"
#include "crm/contacts/content.h"

namespace leadbridge::wecom {

enum class MediaKind : std::uint8_t { image = 0, voice = 1, video = 2, file = 3 };
std::string_view to_string(MediaKind kind) noexcept;  // WeCom's words
std::optional<MediaKind> media_kind(std::string_view word) noexcept;

struct Media {
    std::int64_t id = 0;
    CorpId corp;
    MediaKind kind = MediaKind::file;
    std::string name;  // file name, UTF-8
    std::string content_type;
    std::string blob_hash;
    std::int64_t size = 0;
    std::string wecom_media_id;  // "" = not uploaded yet
    UnixMillis uploaded_ms = 0;
    std::string error;  // of the last upload
    UnixMillis created_ms = 0;
};

// Error{rule_broken} when WeCom would not take the file: reason "media.size" or "media.name".
Status check_media(MediaKind kind, std::string_view name, std::size_t size);

using MediaIds = std::map<std::int64_t, std::string>;  // our row -> WeCom's media id

// Thread-safe.
class MediaStore {
public:
    MediaStore(
        Database& core,
        JobQueue& jobs,
        BlobStore& blobs,
        ApiClient& api,
        const Clock& clock,
        IdSource& ids
    )
        : core_(core), jobs_(jobs), blobs_(blobs), api_(api), clock_(clock), ids_(ids) {}

    // Stores the bytes and the row (an equal one is kept once) and enqueues the upload.
    // Error{rule_broken} when WeCom would not take them: reason "media.size", "media.kind" or
    // "media.name".
    Result<std::int64_t> add(
        CorpId corp,
        MediaKind kind,
        std::string_view name,
        std::string_view content_type,
        std::string_view bytes
    );
    static std::optional<Media> find(Snapshot& s, CorpId corp, std::int64_t id);
    static std::vector<Media> list(
        Snapshot& s, CorpId corp, std::int64_t before, int limit
    );  // newest first
    static bool remove(Transaction& tx, CorpId corp, std::int64_t id);

    // The usable media ids of a content's rows, as they are now: nothing is uploaded. Missing ones
    // are left out.
    MediaIds current(Snapshot& s, CorpId corp, const crm::MessageContent& content) const;
    // The same, uploading what is missing or about to end. Blocks.
    Result<MediaIds> ensure(CorpId corp, const crm::MessageContent& content);
    // WeCom refused an id (40007): the next ensure() uploads again.
    Status forget_uploads(CorpId corp, const crm::MessageContent& content);
    Result<std::string> upload(CorpId corp, std::int64_t id);
    // media/uploadimg (90256): a permanent URL for use inside WeCom only; at most 1,000 a day and 2
    // MB.
    Result<std::string> upload_image_url(
        CorpId corp, std::string_view name, std::string_view bytes
    );

    JobHandler renew_handler();
    // Renews what is due and lost its job; once an hour.
    int renew_due(Transaction& tx, CorpId corp);

private:
    Result<Media> load(CorpId corp, std::int64_t id);
    JobOutcome run_renew(const Job& job);
    bool usable(const Media& media) const;

    Database& core_;
    JobQueue& jobs_;
    BlobStore& blobs_;
    ApiClient& api_;
    const Clock& clock_;
    IdSource& ids_;
};

}  // namespace leadbridge::wecom
