#pragma once
// Reading mass-send tasks at WeCom (93338). Private to mass_send*.cpp.

#include <optional>
#include <string>
#include <vector>

#include "connectors/wecom/mass_send.h"

namespace leadbridge::wecom::mass_tasks {

// Tasks made since one minute before the batch's intent whose content equals the batch's and that
// no batch of ours owns, each with its only sender. Error{retry_later, "still_dispatching"}: ask
// later.
enum class Creators : std::uint8_t {
    any,       // the creator field is not to be trusted while looking for our own
    api_only,  // only tasks without one: never touch what a person made
};
Result<std::vector<crm::FoundTask>> find(
    const WecomServices& services, const crm::BatchView& batch, Creators creators
);

struct TaskRow {
    std::string userid;
    bool confirmed = false;
    UnixMillis send_ms = 0;
};

Result<std::vector<TaskRow>> task_rows(
    const WecomServices& services, CorpId corp, const std::string& msgid
);

// cancel_groupmsg_send; a task that is cancelled already is fine.
Status cancel(const WecomServices& services, CorpId corp, const std::string& msgid);

}  // namespace leadbridge::wecom::mass_tasks
