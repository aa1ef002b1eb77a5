#include "crm/staff/audit.h"

#include "crm/staff/query.h"

namespace leadbridge::crm {

void record_audit(
    Transaction& tx, const AuditServices& services, const Viewer& viewer, const AuditRecord& record
) {
    tx.execute(
        "INSERT INTO audit(id, corp_id, at_ms, actor, action, object, object_id, before_json, "
        "after_json) "
        "VALUES(?,?,?,?,?,?,?,?,?)",
        {services.ids.next(),
         viewer.corp,
         services.clock.now(),
         viewer.actor,
         record.action,
         record.object,
         record.object_id,
         record.before,
         record.after}
    );
}

PageOf<AuditEntry> list_audit(
    Snapshot& s, const Viewer& viewer, const AuditFilter& filter, const Page& page
) {
    Query query(
        "SELECT a.id, a.corp_id, a.at_ms, a.actor, a.action, a.object, a.object_id, a.before_json, "
        "a.after_json "
        "FROM audit a"
    );
    query.where("a.corp_id = ?", {viewer.corp});
    if (viewer.scope != Scope::all) {
        query.where("a.actor = ?", {viewer.actor});
    }
    if (!filter.object.empty()) {
        query.where("a.object = ?", {filter.object});
    }
    if (filter.object_id != 0) {
        query.where("a.object_id = ?", {filter.object_id});
    }
    return page_of(
        s,
        query,
        "a.id",
        page,
        [](const Row& row) {
            return AuditEntry{
                row.integer(0),
                row.id<CorpId>(1),
                row.integer(2),
                row.str(3),
                row.str(4),
                row.str(5),
                row.integer(6),
                row.str(7),
                row.str(8)};
        },
        [](const AuditEntry& entry) { return entry.id; }
    );
}

}  // namespace leadbridge::crm
