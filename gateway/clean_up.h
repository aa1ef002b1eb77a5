#pragma once
// What grows and is of no more use: applied touch keys (30 days), the change log (7 days), the data
// of removed corps.

#include "base/clock.h"
#include "base/database.h"

namespace leadbridge::gateway {

// Some slices of each; called every minute, so that a backlog goes without holding up other writes.
void clean_up(Database& core, UnixMillis now);

}  // namespace leadbridge::gateway
