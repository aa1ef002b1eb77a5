#pragma once
// Mass sends to customers (92135, 93338, 97610, 97611): the jobs of a push batch, on crm's push
// ledger. The promise is one task per recipient and push: the intent is committed before the call,
// an unknown outcome is looked up and never sent again blindly, and a doubled task is cancelled
// before the member confirms it.
//   leadbridge_push_batches_total{outcome}, leadbridge_push_doubled_total

#include "base/job_queue.h"
#include "connectors/wecom/services.h"
#include "crm/nurture/push_ledger.h"

namespace leadbridge::wecom {

struct MassSendServices {
    const WecomServices& wecom;
    crm::PushLedger& ledger;
};

JobHandler send_push_batch_handler(const MassSendServices& services);
JobHandler resolve_push_batch_handler(const MassSendServices& services);
JobHandler poll_push_batch_handler(const MassSendServices& services);
JobHandler push_command_handler(const MassSendServices& services);

}  // namespace leadbridge::wecom
