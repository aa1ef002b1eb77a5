#pragma once
// Jobs about one contact or one group: mark_tag, remark, refetch (paths 92118, 92115, 92114,
// 92122).

#include "base/job_queue.h"
#include "connectors/wecom/services.h"

namespace leadbridge::wecom {

// Safe to repeat. Tags WeCom does not know start a tag sync; a relation that ended ends the job.
JobHandler mark_tag_handler(const WecomServices& services);
// An empty remark and description clear both.
JobHandler remark_handler(const WecomServices& services);
// All pages of followers, then one ContactFetched touch. 84061 within 2 min of an add is retried
// after 1, 3, 10, 30 s; otherwise it is a FollowGone touch.
JobHandler refetch_contact_handler(const WecomServices& services);
JobHandler refetch_group_handler(const WecomServices& services);

}  // namespace leadbridge::wecom
