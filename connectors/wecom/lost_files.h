#pragma once
// After a restore: files we send whose bytes were not in the backup.

#include <cstdint>

#include "base/blob_store.h"
#include "base/database.h"

namespace leadbridge::wecom {

// Marks their rows with what to do about it; how many. Where they are used shows it. Repeating it
// changes nothing more. Throws DatabaseError.
std::int64_t mark_lost_files(Database& core, BlobStore& blobs);

}  // namespace leadbridge::wecom
