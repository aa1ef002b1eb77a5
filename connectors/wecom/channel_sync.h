#pragma once
// Contact ways (92572) for our channels. add_contact_way is never repeated blindly: after an
// unknown outcome, or when an earlier try may have been carried out, the way is looked up by the
// channel's unique state first. A way that WeCom has lost (41044) is made anew. What is told is who
// serves at the moment of the call (crm/leads/channel_serving); members whom WeCom refuses (41054)
// are left out, and shown.

#include "base/job_queue.h"
#include "connectors/wecom/services.h"

namespace leadbridge::wecom {

JobHandler push_channel_handler(const WecomServices& services);

}  // namespace leadbridge::wecom
