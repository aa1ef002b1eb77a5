#pragma once
// message/send of a text to members of the corp (90236). enable_duplicate_check makes a repeat
// within half an hour harmless, so an unknown outcome is repeated within that time and given up
// after it.

#include "base/job_queue.h"
#include "connectors/wecom/services.h"

namespace leadbridge::wecom {

JobHandler notify_handler(const WecomServices& services);

}  // namespace leadbridge::wecom
