#pragma once
// Pulls every corp whose archive is enabled: one thread per corp, so that one whose network hangs
// holds up nobody. Corps that are added, changed or removed take effect within a second.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "archive/corp_puller.h"
#include "archive/source.h"
#include "crm/staff/corp.h"

namespace leadbridge::archive {

// The corps as they are now; called often, from one thread.
using CorpList = std::function<std::vector<crm::CorpDirectory::Ptr>()>;

// True when the source must be opened anew: another secret, library, proxy or timeout.
bool source_differs(const crm::Corp& a, const crm::Corp& b);

class ArchivePuller {
public:
    // stored: called after messages of a corp were written, on its thread; must only signal.
    ArchivePuller(
        PullServices services,
        PullOptions options,
        ArchiveSourceFactory& sources,
        CorpList corps,
        std::function<void(CorpId)> stored
    );
    ~ArchivePuller();  // stop()

    void start();
    // Ends calls in progress; what is not stored is pulled again.
    void stop();
    // msgaudit_notify (path 95039): there is something new. Any thread; unknown corps are ignored.
    void wake(CorpId corp);
    // nullopt when the corp is not pulled.
    std::optional<PullStatus> status(CorpId corp) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::archive
