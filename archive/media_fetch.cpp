// One try at one media row.

#include <fmt/core.h>

#include <algorithm>

#include "archive/media_detail.h"
#include "archive/media_fetcher.h"
#include "archive/schema.h"
#include "base/log.h"

namespace leadbridge::archive {

namespace {

struct Job {
    MediaRef media;
    DownloadPoint at;
    int tries = 0;
};

struct Outcome {
    MediaState state = MediaState::waiting;
    int tries = 0;
    UnixMillis next_ms = 0;
    std::string reason;
    BlobInfo blob;
    bool from_start = false;  // the partial file is gone
};

Result<Job> load(const MediaServices& services, CorpId corp, std::int64_t id) {
    return services.archive.read<Job>([&](Snapshot& s) -> Result<Job> {
        auto job = s.one(
            "SELECT detail, kind, md5, size, next_index, received, tries FROM media WHERE corp_id "
            "= ? AND id = ? AND state = 0",
            {corp, id},
            [&](const Row& row) -> Result<Job> {
                auto detail = services.vault.open(corp, row.blob(0), media_place(id));
                auto media =
                    detail ? decode_media_detail(*detail) : Result<MediaRef>(detail.error());
                if (!media) {
                    return std::move(media).error();
                }
                media->kind = row.str(1);
                media->md5 = row.str(2);
                media->size = row.integer(3);
                return Job{
                    std::move(*media),
                    {row.str(4), row.integer(5)},
                    static_cast<int>(row.integer(6))};
            }
        );
        return job ? std::move(*job)
                   : Result<Job>(Error{ErrorCode::not_found, "no such media row waits"});
    });
}

bool store_point(
    const MediaServices& services, CorpId corp, std::int64_t id, const DownloadPoint& at
) {
    auto done = services.archive.write<bool>([&](Transaction& tx) -> Result<bool> {
        tx.execute(
            "UPDATE media SET next_index = ?, received = ? WHERE corp_id = ? AND id = ?",
            {at.next_index, at.received, corp, id}
        );
        return true;
    });
    return done.has_value();
}

void store_outcome(const MediaServices& services, CorpId corp, std::int64_t id, const Outcome& o) {
    auto done = services.archive.write<bool>([&](Transaction& tx) -> Result<bool> {
        const auto conversation = tx.one(
            "UPDATE media SET state = ?, tries = ?, next_ms = ?, reason = ?, blob_hash = ?, "
            "blob_size = ? WHERE corp_id = ? AND id = ? RETURNING conversation_id",
            {o.state, o.tries, o.next_ms, o.reason, o.blob.hash, o.blob.size, corp, id},
            [](const Row& row) { return row.integer(0); }
        );
        if (o.from_start || o.state != MediaState::waiting) {
            tx.execute(
                "UPDATE media SET next_index = '', received = 0 WHERE corp_id = ? AND id = ?",
                {corp, id}
            );
        }
        if (conversation && o.state != MediaState::waiting) {
            tx.changed({corp, "conversation", *conversation, "media"});
        }
        return true;
    });
    if (!done) {
        log::warn(
            "archive",
            "the outcome of a download was not stored: it is fetched again",
            {{"corp", corp}, {"media", id}}
        );
    }
}

Outcome judge(
    const MediaServices& services, const MediaOptions& options, const Job& job, const Error& error
) {
    const UnixMillis now = services.clock.now();
    Outcome o;
    o.tries = job.tries;
    o.reason = error.reason;
    switch (error.code) {
        case ErrorCode::not_found:
            o.state = MediaState::lost;
            return o;
        case ErrorCode::too_large:
            o.state = MediaState::refused;
            return o;
        case ErrorCode::auth:
        case ErrorCode::forbidden:
            o.next_ms = now + options.refused_wait_ms;
            return o;
        case ErrorCode::permanent:
            // A file id that is refused stays refused; a library that cannot be loaded is put right
            // one day.
            if (error.reason == "bad_fileid") {
                o.state = MediaState::refused;
            }
            o.next_ms = now + options.refused_wait_ms;
            return o;
        default:
            break;
    }
    if (error.reason == "cancelled" || error.reason == "stopped" || error.reason == "restarting") {
        o.next_ms = error.reason == "restarting" ? now + error.retry_after_ms : 0;
        return o;
    }
    // Wrong bytes weigh more than a failed call: each cost a whole download.
    const bool wrong_bytes = error.code == ErrorCode::corrupt;
    const int mismatches = std::max(1, options.max_mismatches);
    o.tries += wrong_bytes ? (options.max_tries + mismatches - 1) / mismatches : 1;
    o.from_start = wrong_bytes;
    if (o.tries >= options.max_tries) {
        o.state = MediaState::refused;
    }
    o.next_ms =
        now + std::max(options.failed.delay_ms(o.tries, services.rng), error.retry_after_ms);
    return o;
}

}  // namespace

void fetch_media(
    const MediaServices& services,
    const MediaOptions& options,
    ArchiveSource& source,
    CorpId corp,
    std::int64_t media_id,
    const std::function<bool()>& keep_going
) {
    auto job = load(services, corp, media_id);
    if (!job) {
        if (job.error().code != ErrorCode::not_found) {
            store_outcome(
                services, corp, media_id, {MediaState::refused, 0, 0, "unsealable", {}, true}
            );
        }
        return;
    }
    const auto noted = [&](const DownloadPoint& at) {
        return store_point(services, corp, media_id, at) && keep_going();
    };
    auto blob = download(
        source,
        services.blobs,
        corp,
        fmt::format("media-{}", media_id),
        job->media,
        job->at,
        noted,
        options.limits
    );
    Outcome outcome;
    if (blob) {
        outcome.state = MediaState::stored;
        outcome.tries = job->tries;
        outcome.blob = std::move(*blob);
    } else {
        outcome = judge(services, options, *job, blob.error());
    }
    store_outcome(services, corp, media_id, outcome);
    services.metrics
        .counter(
            "leadbridge_archive_media_total",
            "Tries to fetch an archived file, by outcome",
            {{"result",
              outcome.state == MediaState::waiting ? "retry"
                                                   : std::string(to_string(outcome.state))}}
        )
        .add();
}

}  // namespace leadbridge::archive
