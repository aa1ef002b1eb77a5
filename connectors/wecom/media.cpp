#include "connectors/wecom/media.h"

#include <array>

#include "base/crypto.h"
#include "crm/outbox.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t life_ms = 72 * hour_ms;
constexpr std::int64_t margin_ms =
    hour_ms;  // an id that ends while a message is on its way is no use
constexpr std::size_t min_bytes = 6;
constexpr std::array<std::size_t, 4> max_bytes{10 << 20, 2 << 20, 10 << 20, 20 << 20};
constexpr std::size_t max_name_bytes = 200;

constexpr std::string_view columns =
    "id,corp_id,kind,name,content_type,blob_hash,size,wecom_media_id,uploaded_ms,error,created_ms";

Media read(const Row& row) {
    return Media{
        row.integer(0),
        row.id<CorpId>(1),
        static_cast<MediaKind>(row.integer(2)),
        row.str(3),
        row.str(4),
        row.str(5),
        row.integer(6),
        row.str(7),
        row.integer(8),
        row.str(9),
        row.integer(10)};
}

std::string select(std::string_view rest) {
    return "SELECT " + std::string(columns) + " FROM media WHERE corp_id=? " + std::string(rest);
}

}  // namespace

std::string_view to_string(MediaKind kind) noexcept {
    switch (kind) {
        case MediaKind::image:
            return "image";
        case MediaKind::voice:
            return "voice";
        case MediaKind::video:
            return "video";
        case MediaKind::file:
            return "file";
    }
    return "";
}

std::optional<MediaKind> media_kind(std::string_view word) noexcept {
    for (const auto kind :
         {MediaKind::image, MediaKind::voice, MediaKind::video, MediaKind::file}) {
        if (to_string(kind) == word) {
            return kind;
        }
    }
    return std::nullopt;
}

Status check_media(MediaKind kind, std::string_view name, std::size_t size) {
    if (size < min_bytes || size > max_bytes.at(static_cast<std::size_t>(kind))) {
        return Error{
            ErrorCode::rule_broken,
            "WeCom takes images and videos up to 10 MB, voice up to 2 MB, files up to 20 MB, each "
            "over 5 bytes",
            "media.size"};
    }
    const bool bad_name = name.empty() || name.size() > max_name_bytes ||
                          name.find_first_of("/\\\"\r\n") != std::string_view::npos ||
                          name.find('\0') != std::string_view::npos;
    if (bad_name) {
        return Error{
            ErrorCode::rule_broken, "a file name without path, quotes or line ends", "media.name"};
    }
    return {};
}

Result<std::int64_t> MediaStore::add(
    CorpId corp,
    MediaKind kind,
    std::string_view name,
    std::string_view content_type,
    std::string_view bytes
) {
    if (auto ok = check_media(kind, name, bytes.size()); !ok) {
        return std::move(ok).error();
    }
    // The name of the upload is the content: two at once write the same bytes.
    auto writer = blobs_.writer(
        corp,
        "media-" + crypto::hex(crypto::sha256(bytes)).substr(0, 32) + '-' +
            std::to_string(ids_.next())
    );
    if (!writer) {
        return std::move(writer).error();
    }
    if (auto written = (*writer)->append(bytes); !written) {
        (*writer)->discard();
        return std::move(written).error();
    }
    auto blob = (*writer)->finish();
    if (!blob) {
        return std::move(blob).error();
    }
    const auto fresh = ids_.next();
    return core_.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
        const auto id = tx.one(
            "INSERT INTO media(id,corp_id,kind,name,content_type,blob_hash,size,wecom_media_id,"
            "uploaded_ms,error,created_ms) VALUES(?,?,?,?,?,?,?,'',0,'',?) "
            "ON CONFLICT(corp_id,blob_hash,kind,name) DO UPDATE SET "
            "content_type=excluded.content_type "
            "RETURNING id",
            {fresh, corp, kind, name, content_type, blob->hash, blob->size, clock_.now()},
            [](const Row& row) { return row.integer(0); }
        );
        crm::put_job(tx, jobs_, corp, crm::RenewMedia{*id});
        return *id;
    });
}

std::optional<Media> MediaStore::find(Snapshot& s, CorpId corp, std::int64_t id) {
    return s.one(select("AND id=?"), {corp, id}, read);
}

std::vector<Media> MediaStore::list(Snapshot& s, CorpId corp, std::int64_t before, int limit) {
    return s.all(
        select("AND (?=0 OR id<?) ORDER BY id DESC LIMIT ?"), {corp, before, before, limit}, read
    );
}

bool MediaStore::remove(Transaction& tx, CorpId corp, std::int64_t id) {
    return tx.execute("DELETE FROM media WHERE corp_id=? AND id=?", {corp, id}) > 0;
}

bool MediaStore::usable(const Media& media) const {
    return !media.wecom_media_id.empty() && clock_.now() < media.uploaded_ms + life_ms - margin_ms;
}

MediaIds MediaStore::current(Snapshot& s, CorpId corp, const crm::MessageContent& content) const {
    MediaIds ids;
    for (const auto& attachment : content.attachments) {
        if (attachment.media_id == 0 || ids.contains(attachment.media_id)) {
            continue;
        }
        if (const auto media = find(s, corp, attachment.media_id); media && usable(*media)) {
            ids[media->id] = media->wecom_media_id;
        }
    }
    return ids;
}

Result<Media> MediaStore::load(CorpId corp, std::int64_t id) {
    return core_.read<Media>([&](Snapshot& s) -> Result<Media> {
        if (auto media = find(s, corp, id)) {
            return *media;
        }
        return Error{ErrorCode::not_found, "the media file was removed", "media_removed"};
    });
}

}  // namespace leadbridge::wecom
