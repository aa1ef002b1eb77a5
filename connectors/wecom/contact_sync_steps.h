#pragma once
// The steps of a sync run: list the members, read and apply pages, sweep. Private to
// contact_sync.cpp.

#include "base/result.h"
#include "connectors/wecom/contact_sync_rows.h"
#include "connectors/wecom/services.h"

namespace leadbridge::wecom {

// One remote call at most; ends with a commit that moves the run.
Status sync_step(const WecomServices& services, sync_rows::Run& run);
Status save_run(const WecomServices& services, const sync_rows::Run& run);

}  // namespace leadbridge::wecom
