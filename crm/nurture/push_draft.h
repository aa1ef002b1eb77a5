#pragma once
// What a draft may hold, and what submitting freezes. Private to this room.

#include <string>

#include "base/clock.h"
#include "base/database.h"
#include "base/result.h"
#include "crm/nurture/push.h"

namespace leadbridge::crm {

// Puts an edit on a draft and checks the whole; rule_broken with the field as reason. The push may
// be half changed then.
Status edit_draft(Snapshot& s, Push& push, const PushEdit& edit, UnixMillis now);

// The condition as it is planned: the segment's of this moment, with everything it names.
Result<std::string> frozen_condition(Snapshot& s, const Push& push);

}  // namespace leadbridge::crm
