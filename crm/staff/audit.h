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

// Acts on the machine (users, tokens, corps) stand beside those of a corp.
enum class MachineActs : std::uint8_t { without, with };

struct AuditFilter {
    std::string object = {};     // "" = any
    std::int64_t object_id = 0;  // 0 = any
    std::string actor = {};      // exact, "" = any
    std::string action = {};     // exact, or all below it ("lead" = "lead.*"), "" = any
    UnixMillis from_ms = 0;      // 0 = no bound
    UnixMillis until_ms = 0;     // exclusive, 0 = no bound
    MachineActs machine = MachineActs::without;
};

// Newest first. Only a viewer with scope all sees acts of others; others see their own.
PageOf<AuditEntry> list_audit(
    Snapshot& s, const Viewer& viewer, const AuditFilter& filter, const Page& page
);

}  // namespace leadbridge::crm
