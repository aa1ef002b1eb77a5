#pragma once
// Idempotency-Key on POSTs that create: kept 24 h; the answer is stored in the transaction that
// creates, so that a repeat after a crash gets the first answer and never a second effect. The same
// key with another body is 422.

#include <functional>
#include <span>

#include "base/database.h"
#include "base/http_types.h"
#include "gateway/route.h"

namespace leadbridge::gateway {

std::span<const Migration> idempotency_migrations();

// Runs fn in one transaction of db, or answers with what it answered before. Without the header it
// is a plain write. fn builds the whole response; an error rolls back and is not remembered.
Result<Response> write_once(
    Database& db,
    const Clock& clock,
    const ApiRequest& request,
    const std::function<Result<Response>(Transaction&)>& fn
);

// Deletes keys older than 24 h, at most 1,000; how many.
std::int64_t forget_old_keys(Transaction& tx, UnixMillis now);

}  // namespace leadbridge::gateway
