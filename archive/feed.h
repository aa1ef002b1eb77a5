#pragma once
// Tells crm what was said: one MessagesSeen per conversation and slice of a pulled page, in commit
// order. The cursor stands in core.db and moves with what crm makes of the touch, so each is
// applied once.

#include <functional>
#include <memory>

#include "archive/puller.h"
#include "base/metrics.h"
#include "crm/touch.h"

namespace leadbridge::archive {

// crm::intake in the caller's transaction. An Error other than overloaded, or an exception while
// the store is healthy, parks the row: it stays in archive.db with its reason.
using TellCrm = std::function<Status(Transaction& core, const crm::Touch& touch)>;

struct FeedServices {
    Database& archive;
    Database& core;
    const Clock& clock;
    Metrics& metrics;
};

class ArchiveFeed {
public:
    ArchiveFeed(FeedServices services, CorpList corps, TellCrm tell);
    ~ArchiveFeed();  // stop()

    void start();
    void stop();
    void wake();  // any thread

    // Tells at most one batch of this corp; the number of rows it got past. What the thread does;
    // for tests. Throws DatabaseError.
    int tell_some(CorpId corp);

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Parked rows that crm is told of once more, at most `limit` of them, oldest first; how many. In
// archive.db.
int replay_untold(Transaction& archive, CorpId corp, int limit);

}  // namespace leadbridge::archive
