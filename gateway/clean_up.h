#pragma once
// What grows and is of no more use: applied touch keys (30 days), the change log (7 days), keys of
// Idempotency-Key (24 h), welcomes and sync runs (connectors/wecom/retention.h), and everything of
// removed corps: rows of core.db and archive.db, files. What was said, pushed or audited stays as
// long as its corp.

#include "base/blob_store.h"
#include "base/clock.h"
#include "base/database.h"

namespace leadbridge::gateway {

struct CleanUpStores {
    Database& core;
    Database& archive;
    BlobStore& blobs;
};

// A removed corp is forgotten this long after its removal at the earliest: what was under way for
// it then may still write.
inline constexpr std::int64_t removed_corp_lingers_ms = 600'000;

// Some slices of each; called every minute, so that a backlog goes without holding up other writes.
void clean_up(const CleanUpStores& stores, UnixMillis now);

}  // namespace leadbridge::gateway
