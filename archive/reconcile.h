#pragma once
// After a restore: what the two databases and the folder of blobs say of each other is put right.
// They were copied one after the other, archive.db first, so core.db may know of more.

#include <cstdint>

#include "base/blob_store.h"
#include "base/clock.h"
#include "base/database.h"

namespace leadbridge::archive {

struct Reconciled {
    std::int64_t cursors_set_back = 0;  // crm had been told of what this archive does not hold
    std::int64_t media_to_fetch = 0;    // stored, but the blob is not there: fetched again
};

// Repeating it changes nothing more. Before anything else works on the databases. Throws
// DatabaseError.
Reconciled reconcile(Database& archive, Database& core, BlobStore& blobs, const Clock& clock);

}  // namespace leadbridge::archive
