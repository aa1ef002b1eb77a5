#pragma once
// Members and departments of a corp in the app's range: department/list (90208;
// department/simplelist 95350 where the app may not), user/simplelist (90200) per department,
// user/list_id (96067) with the contacts secret where it may not, and user/get (90196) for members
// without a name and for those that are not listed any more.

#include "base/job_queue.h"
#include "connectors/wecom/services.h"

namespace leadbridge::wecom {

JobHandler sync_members_handler(const WecomServices& services);

}  // namespace leadbridge::wecom
