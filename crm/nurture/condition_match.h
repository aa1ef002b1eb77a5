#pragma once
// Does a condition hold for one contact? For rules and branches, which look at a single contact
// right after a touch.

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "crm/contacts/contact.h"
#include "crm/nurture/condition.h"

namespace leadbridge::crm {

// Reads only what the terms ask for. False for a contact that is unknown or merged away. Segment
// terms must have been expanded (segment.h); one that is left is false.
bool condition_matches(
    Snapshot& s, CorpId corp, ContactId contact, const Condition& condition, UnixMillis now
);

}  // namespace leadbridge::crm
