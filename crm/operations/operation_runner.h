#pragma once
// Runs operations: the handler of the queue crm.operation.

#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/job_queue.h"
#include "crm/operations/operation.h"

namespace leadbridge::crm {

class OperationRunner {
public:
    // All outlive the runner. Thread-safe.
    OperationRunner(
        Database& core,
        JobQueue& jobs,
        const Clock& clock,
        IdSource& ids,
        int contacts_per_slice = 20
    )
        : core_(core), jobs_(jobs), clock_(clock), ids_(ids), per_slice_(contacts_per_slice) {}

    std::vector<JobHandler> handlers();

    enum class Step : std::uint8_t { finished, more, interrupted };
    // job: extended while it goes on; nullptr in tests. slices: `more` after so many transactions,
    // 0 = all.
    Step run(CorpId corp, OperationId id, const Job* job = nullptr, int slices = 0);

private:
    struct Head;
    enum class Slice : std::uint8_t { more, finished };
    Slice do_slice(Transaction& tx, Head& head, const OrdSet& contacts);
    Slice undo_slice(Transaction& tx, Head& head);
    void finish(Transaction& tx, const Head& head, OperationState state);

    Database& core_;
    JobQueue& jobs_;
    const Clock& clock_;
    IdSource& ids_;
    const int per_slice_;
};

}  // namespace leadbridge::crm
