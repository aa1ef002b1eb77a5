#pragma once
// Fetches the files of messages as soon as they are known: upstream forgets them after five days.
// Its own source per corp, so that a long video never holds up pulling. What fails waits and is
// tried again; what upstream no longer has is marked lost.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "archive/media_download.h"
#include "archive/puller.h"
#include "base/backoff.h"
#include "base/blob_store.h"
#include "base/metrics.h"
#include "base/rng.h"

namespace leadbridge::archive {

struct MediaOptions {
    int threads = 3;
    int per_corp = 2;        // files of one corp at a time
    int max_mismatches = 3;  // whole downloads with wrong bytes before it is given up
    int max_tries = 20;
    std::int64_t rest_after_ms = 60'000;    // an idle corp's source gives back its process
    std::int64_t refused_wait_ms = 60'000;  // after an error that only a person mends
    Backoff failed{5'000, 3'600'000, 0.3};
    DownloadLimits limits;
};

struct MediaServices {
    Database& archive;
    Vault& vault;
    BlobStore& blobs;
    const Clock& clock;
    Rng& rng;
    Metrics& metrics;
};

class MediaFetcher {
public:
    MediaFetcher(
        MediaServices services, MediaOptions options, ArchiveSourceFactory& sources, CorpList corps
    );
    ~MediaFetcher();  // stop()

    void start();
    void stop();
    void wake();  // there may be something to fetch; any thread

private:
    struct State;
    std::unique_ptr<State> state_;
};

// One try at one row, for the fetcher and its tests. Errors are written to the row; throws
// DatabaseError. keep_going: asked between chunks.
void fetch_media(
    const MediaServices& services,
    const MediaOptions& options,
    ArchiveSource& source,
    CorpId corp,
    std::int64_t media_id,
    const std::function<bool()>& keep_going
);

}  // namespace leadbridge::archive
