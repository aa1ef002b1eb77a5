#pragma once
// The one door for everything from outside. Applies a touch in the caller's transaction: finds or
// makes the contact, opens or joins the lead, tags it from its channel, assigns it, writes the
// timeline, and puts what must leave the house into the outbox. Idempotent by touch.key and
// tolerant of reordering.

#include <cstdint>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/job_queue.h"
#include "base/result.h"
#include "crm/touch.h"

namespace leadbridge::crm {

using ContactId = Id<struct ContactTag>;
using LeadId = Id<struct LeadTag>;
using ChannelId = Id<struct ChannelTag>;
using TagId = Id<struct TagTag>;

struct IntakeServices {  // all outlive every call; all are thread-safe
    const Clock& clock;
    IdSource& ids;
    JobQueue& jobs;
    std::int64_t lead_idle_ms =
        90LL * 24 * 3'600 *
        1'000;  // without a touch for so long, the next asking touch opens a new lead
};

struct IntakeOutcome {
    ContactId contact;  // 0 when the touch is not about one contact
    LeadId lead;        // the lead opened or joined; 0 when none
    bool lead_opened = false;
    bool repeated = false;  // the touch was applied before: nothing was changed
    ChannelId channel;      // the channel its state matched; 0 when none
};

Result<IntakeOutcome> intake(Transaction& tx, const IntakeServices& services, const Touch& touch);

// Forgets about `limit` keys applied before `before`; returns how many. For the daily clean-up.
std::int64_t forget_applied(Transaction& tx, UnixMillis before, int limit);

// Migrations of intake's own table (applied touch keys, kept 30 days).
std::span<const Migration> intake_migrations();

}  // namespace leadbridge::crm
