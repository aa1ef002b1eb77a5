#pragma once
// Messages as they were pulled: sealed at rest, each with how far it has come. The pull cursor
// moves in the transaction that stores them.

#include <cstdint>
#include <string>
#include <vector>

#include "archive/schema.h"
#include "archive/source.h"
#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/vault.h"

namespace leadbridge::archive {

struct Envelope {
    std::int64_t id = 0;
    int tries = 0;
    PulledMessage message;
};

// Why an envelope did not become a message this time.
struct EnvelopeTrouble {
    std::int64_t id = 0;
    EnvelopeState state = EnvelopeState::retry;
    int tries = 0;
    UnixMillis next_ms = 0;
    std::string reason;  // bounded set
};

struct PullState {
    std::int64_t seq = 0;  // the last stored
    UnixMillis pulled_ms = 0;
    UnixMillis caught_up_ms = 0;
};

class EnvelopeStore {
public:
    EnvelopeStore(Database& archive, Vault& vault, const Clock& clock, IdSource& ids)
        : archive_(archive), vault_(vault), clock_(clock), ids_(ids) {}

    PullState state(CorpId corp);
    // Stores the page in slices, each with the cursor in one transaction, and answers with those
    // that are new. A first seq beyond the expected one is recorded as a gap. An empty page only
    // notes the time.
    Result<std::vector<Envelope>> store(
        CorpId corp, const PullState& before, const PulledPage& page
    );
    // Notes that everything upstream had at `now` is stored.
    void caught_up(CorpId corp, UnixMillis now);
    // Those received but not opened (after a crash), and those whose next try is due; oldest first.
    // One that cannot be unsealed is marked as poison and left out.
    Result<std::vector<Envelope>> due(CorpId corp, UnixMillis now, int limit);
    Status mark(CorpId corp, const std::vector<EnvelopeTrouble>& troubles);
    // Makes them due now: those that wait for a key (after a start), or all that did not open (the
    // keys have changed).
    enum class Retry : std::uint8_t { waiting_for_key, all };
    Status retry(CorpId corp, Retry which);

private:
    Result<std::vector<Envelope>> store_slice(
        CorpId corp, const PullState& before, const std::vector<PulledMessage>& slice, bool first
    );

    Database& archive_;
    Vault& vault_;
    const Clock& clock_;
    IdSource& ids_;
};

}  // namespace leadbridge::archive
