#pragma once
// Corp tags both ways (92117): get_corp_tag_list into our tags, and a local change of a WeCom tag
// out by add, edit or del_corp_tag. An app can change only the tags it made itself: such a refusal
// is kept on the tag for people to see.

#include "base/job_queue.h"
#include "connectors/wecom/services.h"

namespace leadbridge::wecom {

JobHandler sync_tags_handler(const WecomServices& services);
JobHandler push_tag_handler(const WecomServices& services);

}  // namespace leadbridge::wecom
