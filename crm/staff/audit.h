#pragma once
// Who changed what: one row per act, written with the change. `before` and `after` are small JSON
// without secrets.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "crm/staff/page.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

struct AuditEntry {
    std::int64_t id = 0;
    CorpId corp;  // 0 = the machine
    UnixMillis at = 0;
    std::string actor;
    std::string action;  // "lead.assign", "corp.put", ...
    std::string object;  // "lead", "corp", ...
    std::int64_t object_id = 0;
    std::string before;  // JSON or ""
    std::string after;
};

struct AuditServices {
    const Clock& clock;
    IdSource& ids;
};

struct AuditRecord {
    std::string_view action;
    std::string_view object;
    std::int64_t object_id = 0;
    std::string_view before = {};
    std::string_view after = {};
};

void record_audit(
    Transaction& tx, const AuditServices& services, const Viewer& viewer, const AuditRecord& record
);

struct AuditFilter {
    std::string object;          // "" = any
    std::int64_t object_id = 0;  // 0 = any
};

// Only a viewer with scope all sees acts of others; others see their own.
PageOf<AuditEntry> list_audit(
    Snapshot& s, const Viewer& viewer, const AuditFilter& filter, const Page& page
);

}  // namespace leadbridge::crm
