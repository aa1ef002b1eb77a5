// Uploads to WeCom, and their renewal before they end.
#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/media.h"
#include "connectors/wecom/services.h"
#include "crm/outbox.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t renew_after_ms = 48 * hour_ms;
constexpr std::size_t max_image_url_bytes = 2 << 20;
constexpr std::int64_t lease_ms = 180'000;

}  // namespace

Result<MediaIds> MediaStore::ensure(CorpId corp, const crm::MessageContent& content) {
    MediaIds ids;
    for (const auto& attachment : content.attachments) {
        if (attachment.media_id == 0 || ids.contains(attachment.media_id)) {
            continue;
        }
        auto media = load(corp, attachment.media_id);
        if (!media) {
            return std::move(media).error();
        }
        if (usable(*media)) {
            ids[media->id] = media->wecom_media_id;
            continue;
        }
        auto uploaded = upload(corp, media->id);
        if (!uploaded) {
            return std::move(uploaded).error();
        }
        ids[media->id] = std::move(*uploaded);
    }
    return ids;
}

Status MediaStore::forget_uploads(CorpId corp, const crm::MessageContent& content) {
    auto written = core_.write<int>([&](Transaction& tx) -> Result<int> {
        for (const auto& attachment : content.attachments) {
            if (attachment.media_id != 0) {
                tx.execute(
                    "UPDATE media SET wecom_media_id='',uploaded_ms=0 WHERE corp_id=? AND id=?",
                    {corp, attachment.media_id}
                );
                crm::put_job(tx, jobs_, corp, crm::RenewMedia{attachment.media_id});
            }
        }
        return 0;
    });
    return written ? Status{} : Status{std::move(written).error()};
}

Result<std::string> MediaStore::upload(CorpId corp, std::int64_t id) {
    const auto media = load(corp, id);
    if (!media) {
        return media.error();
    }
    auto bytes = blobs_.read(corp, media->blob_hash, 0, 0);
    if (!bytes) {
        return std::move(bytes).error();
    }
    const auto began = clock_.now();
    ApiRequest request{.query = {{"type", std::string(to_string(media->kind))}}};
    request.parts.push_back({"media", media->name, media->content_type, std::move(*bytes)});
    const auto reply = api_.call(corp, api::media_upload, request);
    const auto wecom_id = reply ? json_string(reply->object(), "media_id") : std::string{};
    const auto error = !reply             ? reply.error().message
                       : wecom_id.empty() ? std::string("media/upload: the answer has no media_id")
                                          : std::string{};
    auto written = core_.write<int>([&](Transaction& tx) -> Result<int> {
        if (error.empty()) {
            tx.execute(
                "UPDATE media SET wecom_media_id=?,uploaded_ms=?,error='' WHERE corp_id=? AND id=?",
                {wecom_id, began, corp, id}
            );
            crm::put_job(tx, jobs_, corp, crm::RenewMedia{id}, began + renew_after_ms);
        } else {
            tx.execute("UPDATE media SET error=? WHERE corp_id=? AND id=?", {error, corp, id});
        }
        return 0;
    });
    if (!reply) {
        return reply.error();
    }
    if (!error.empty()) {
        return Error{ErrorCode::retry_later, error};
    }
    if (!written) {
        return std::move(written).error();
    }
    return wecom_id;
}

Result<std::string> MediaStore::upload_image_url(
    CorpId corp, std::string_view name, std::string_view bytes
) {
    if (auto ok = check_media(MediaKind::image, name, bytes.size()); !ok) {
        return std::move(ok).error();
    }
    if (bytes.size() > max_image_url_bytes) {
        return Error{ErrorCode::rule_broken, "an image with a URL has at most 2 MB", "media.size"};
    }
    ApiRequest request;
    request.parts.push_back({"media", std::string(name), "", std::string(bytes)});
    const auto reply = api_.call(corp, api::image_upload, request);
    if (!reply) {
        return reply.error();
    }
    auto url = json_string(reply->object(), "url");
    if (url.empty()) {
        return Error{ErrorCode::retry_later, "media/uploadimg: the answer has no url"};
    }
    return url;
}

JobOutcome MediaStore::run_renew(const Job& job) {
    const auto payload = crm::decode<crm::RenewMedia>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    const auto media = load(job.corp, payload->media_id);
    if (!media) {
        return JobDone{};
    }
    if (usable(*media) && clock_.now() < media->uploaded_ms + renew_after_ms - hour_ms) {
        // Somebody was faster, and his renewal may have been folded into this job.
        return settle(core_, jobs_, job, [&](Transaction& tx) -> Status {
            crm::put_job(tx, jobs_, job.corp, *payload, media->uploaded_ms + renew_after_ms);
            return {};
        });
    }
    const auto uploaded = upload(job.corp, media->id);
    if (uploaded) {
        return JobDone{};
    }
    log::warn(
        "wecom",
        "a media file could not be uploaded",
        {{"corp", job.corp}, {"media", media->id}, {"cause", uploaded.error().message}}
    );
    return uploaded.error().code == ErrorCode::corrupt
               ? JobOutcome{JobDead{uploaded.error().message}}
               : job_outcome(uploaded.error(), clock_);
}

JobHandler MediaStore::renew_handler() {
    return {
        std::string(crm::RenewMedia::queue),
        [this](const Job& job) { return run_renew(job); },
        {},
        lease_ms};
}

int MediaStore::renew_due(Transaction& tx, CorpId corp) {
    constexpr int at_most = 200;
    const auto due = tx.all(
        "SELECT id FROM media WHERE corp_id=? AND uploaded_ms<? ORDER BY uploaded_ms LIMIT ?",
        {corp, clock_.now() - renew_after_ms, at_most},
        [](const Row& row) { return row.integer(0); }
    );
    for (const auto id : due) {
        crm::put_job(tx, jobs_, corp, crm::RenewMedia{id});
    }
    return static_cast<int>(due.size());
}

}  // namespace leadbridge::wecom
