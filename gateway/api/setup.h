#pragma once
// The setup's tables: what each step's test found last, and when the chat toolbar was first opened.
// For .cpp files of gateway.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "gateway/api_services.h"
#include "gateway/finding.h"
#include "gateway/route.h"

namespace leadbridge::gateway {

std::span<const Migration> setup_migrations();

// Of a step that looks at our own tables: members, toolbar or first_sync.
Finding own_finding(Snapshot& s, CorpId corp, std::string_view step, const std::string& public_url);

// The step as JSON, kept as its last result.
std::string keep_step(
    Transaction& tx,
    CorpId corp,
    std::string_view step,
    const std::vector<Finding>& findings,
    UnixMillis now
);

// A member has the toolbar's page open within WeCom. The first time the step "toolbar" is done.
Status note_toolbar_opened(const ApiServices& services, const ApiRequest& request);

}  // namespace leadbridge::gateway
