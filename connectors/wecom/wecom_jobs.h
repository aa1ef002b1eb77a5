#pragma once
// All job handlers of this room, and the work that comes by the clock. The composition root
// registers the handlers with the JobRunner, calls enqueue_periodic for every corp at start and
// when one is added, and PushLedger::recover_intents before the runner starts.

#include <string_view>
#include <vector>

#include "base/job_queue.h"
#include "connectors/wecom/contact_sync.h"
#include "connectors/wecom/mass_send.h"
#include "connectors/wecom/services.h"

namespace leadbridge::wecom {

inline constexpr std::string_view periodic_queue = "wecom.periodic";

// Both services outlive the handlers.
std::vector<JobHandler> wecom_handlers(const WecomServices& services, const MassSendServices& mass);

// Token renewal (2 min), media renewal (1 h) and the nightly reconciliation (members, contacts,
// tags; between 2 and 4 in the corp's time zone). Each is a job that puts its successor; a waiting
// one is not doubled.
void enqueue_periodic(Transaction& tx, const WecomServices& services, CorpId corp);
// Members, tags and a full contact sync, now.
void enqueue_first_sync(Transaction& tx, const WecomServices& services, CorpId corp);

}  // namespace leadbridge::wecom
