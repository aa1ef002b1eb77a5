#pragma once
// The room as app sees it: pulling, fetching, telling crm, reading, and how it all does.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/feed.h"
#include "archive/media_fetcher.h"
#include "archive/message_store.h"
#include "archive/puller.h"

namespace leadbridge::archive {

struct ArchiveServices {  // all outlive the service
    Database& archive;
    Database& core;
    Vault& vault;
    BlobStore& blobs;
    const Clock& clock;
    IdSource& ids;
    Rng& rng;
    Metrics& metrics;
    ArchiveSourceFactory& sources;
    CorpList corps;
    TellCrm tell_crm;
};

struct ArchiveOptions {
    int rsa_threads = 2;  // 257 us of CPU a message: the cores one is ready to give
    PullOptions pull;
    MediaOptions media;
};

struct ArchiveHealth {
    CorpId corp;
    bool pulling = false;              // enabled and its thread runs
    std::int64_t behind_seconds = 0;   // since the archive was last known to be complete
    std::optional<Error> error;        // of the last pull, where it failed
    std::vector<int> unreadable_keys;  // versions whose private key is no RSA key in PEM
    ArchiveBacklog backlog;
};

class ArchiveService {
public:
    ArchiveService(const ArchiveServices& services, const ArchiveOptions& options);
    ~ArchiveService();  // stop()

    void start();
    void stop();
    // On msgaudit_notify. Any thread.
    void wake(CorpId corp);
    // Makes everything that did not open due again, and pulls.
    Status retry_undecryptable(CorpId corp);
    ArchiveHealth health(CorpId corp) const;

    const MessageStore& store() const { return store_; }

private:
    ArchiveServices services_;
    RsaPool rsa_;
    MessageStore store_;
    ArchiveFeed feed_;
    MediaFetcher media_;
    ArchivePuller puller_;
};

}  // namespace leadbridge::archive
