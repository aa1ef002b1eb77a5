#pragma once
// One corp's way from the source to rows, a step at a time: pull -> store sealed with the cursor ->
// open -> write. No thread of its own; everything it must remember over a crash is in archive.db.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/decryptor.h"
#include "archive/envelope_store.h"
#include "archive/message_writer.h"
#include "archive/source.h"
#include "base/backoff.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/rng.h"

namespace leadbridge::archive {

struct PullOptions {
    int page_limit =
        500;  // of one GetChatData; halved while upstream finds it too large, then grown again
    int retry_limit = 200;               // envelopes tried again per step
    int max_tries = 8;                   // of an envelope that does not open
    int max_crashes = 3;                 // of the library over one message
    std::int64_t idle_note_ms = 60'000;  // how often an empty pull is noted in the database
    Backoff failed_pull{1'000, 60'000, 0.3};
    Backoff failed_open{60'000, 6LL * 3'600'000, 0.2};
    std::int64_t refused_wait_ms = 60'000;  // after an error that only a person mends
};

struct PullServices {
    Database& archive;
    Vault& vault;
    const Clock& clock;
    IdSource& ids;
    Rng& rng;
    Metrics& metrics;
    RsaPool& rsa;
};

struct PullStatus {
    std::int64_t seq = 0;
    UnixMillis last_pull_ms = 0;  // the last pull that succeeded
    UnixMillis caught_up_ms = 0;  // when upstream last had nothing more
    UnixMillis started_ms = 0;
    std::optional<Error> error;  // of the last pull or opening, where it failed
    std::vector<int> unreadable_keys;
};

struct PullStep {
    bool more = false;         // step again at once
    std::int64_t wait_ms = 0;  // else after so long, or when woken
    bool wrote = false;        // messages were written
};

class CorpPuller {
public:
    CorpPuller(PullServices services, PullOptions options, CorpId corp, std::string corp_label);

    // New keys make what waited due. poll_ms: the pause when there is nothing more.
    Status set_keys(const std::vector<crm::ArchiveKey>& keys);

    void set_poll(std::int64_t poll_ms) { poll_ms_ = poll_ms; }

    // Throws DatabaseError when the store is broken; the next step goes on where the database says.
    PullStep step(ArchiveSource& source);
    PullStatus status() const;  // thread-safe

private:
    struct Opened {
        std::vector<OpenedMessage> messages;
        std::vector<EnvelopeTrouble> troubles;
        std::optional<Error> stopped;  // the source failed: what is left is taken up later
    };

    Result<std::vector<Envelope>> pull(ArchiveSource& source, PullStep& step);
    PullStep failed(Error error);
    // The error of a source that cannot open messages now.
    Result<WrittenCount> open_and_write(ArchiveSource& source, std::vector<Envelope> envelopes);
    Opened open(ArchiveSource& source, std::vector<Envelope>& envelopes);
    EnvelopeTrouble trouble(const Envelope& envelope, const Error& error);
    void note_success(UnixMillis now, std::int64_t seq);
    void note_caught_up(UnixMillis now);

    PullServices services_;
    const PullOptions options_;
    const CorpId corp_;
    EnvelopeStore envelopes_;
    MessageWriter writer_;
    std::unique_ptr<const KeyRing> keys_;
    std::int64_t poll_ms_ = 30'000;
    int limit_;
    int failures_ = 0;
    bool leftovers_ = true;  // stored but unopened envelopes come first
    UnixMillis noted_ms_ = 0;
    Guarded<PullStatus> status_;
    Counter& stored_total_;
    Counter& duplicate_total_;
    Counter& waiting_total_;
    Counter& failed_total_;
};

}  // namespace leadbridge::archive
