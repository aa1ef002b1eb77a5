#include "crm/staff/audit.h"

#include <algorithm>
#include <iterator>

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

namespace {

// Ids are made in time's order but for clocks that step: the bound on them only spares rows.
constexpr std::int64_t slack_ms = 86'400'000;

AuditEntry read_entry(const Row& row) {
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
}

PageOf<AuditEntry> list_of(
    Snapshot& s, CorpId corp, const Viewer& viewer, const AuditFilter& filter, const Page& page
) {
    Query query(
        "SELECT a.id, a.corp_id, a.at_ms, a.actor, a.action, a.object, a.object_id, a.before_json, "
        "a.after_json FROM audit a"
    );
    query.where("a.corp_id = ?", {corp});
    if (viewer.scope != Scope::all) {
        query.where("a.actor = ?", {viewer.actor});
    }
    if (!filter.actor.empty()) {
        query.where("a.actor = ?", {filter.actor});
    }
    if (!filter.object.empty()) {
        query.where("a.object = ?", {filter.object});
    }
    if (filter.object_id != 0) {
        query.where("a.object_id = ?", {filter.object_id});
    }
    if (filter.action.find('.') != std::string::npos) {
        query.where("a.action = ?", {filter.action});
    } else if (!filter.action.empty()) {  // '/' is the character after '.'
        query.where(
            "a.action >= ? AND a.action < ?",
            {query.keep(filter.action + "."), query.keep(filter.action + "/")}
        );
    }
    if (filter.from_ms > 0) {
        query.where(
            "a.at_ms >= ? AND a.id >= ?", {filter.from_ms, first_id_of(filter.from_ms - slack_ms)}
        );
    }
    if (filter.until_ms > 0) {
        query.where(
            "a.at_ms < ? AND a.id < ?", {filter.until_ms, first_id_of(filter.until_ms + slack_ms)}
        );
    }
    return page_of(s, query, "a.id", page, read_entry, [](const AuditEntry& entry) {
        return entry.id;
    });
}

}  // namespace

PageOf<AuditEntry> list_audit(
    Snapshot& s, const Viewer& viewer, const AuditFilter& filter, const Page& page
) {
    PageOf<AuditEntry> out = list_of(s, viewer.corp, viewer, filter, page);
    if (filter.machine == MachineActs::without || !viewer.corp) {
        return out;
    }
    // Two lists in one order: no index serves both at once.
    PageOf<AuditEntry> machine = list_of(s, CorpId{}, viewer, filter, page);
    const bool more = out.next != 0 || machine.next != 0;
    std::vector<AuditEntry> all;
    std::merge(
        std::make_move_iterator(out.items.begin()),
        std::make_move_iterator(out.items.end()),
        std::make_move_iterator(machine.items.begin()),
        std::make_move_iterator(machine.items.end()),
        std::back_inserter(all),
        [](const AuditEntry& a, const AuditEntry& b) { return a.id > b.id; }
    );
    const auto limit = static_cast<std::size_t>(page_limit(page));
    const bool cut = all.size() > limit;
    if (cut) {
        all.resize(limit);
    }
    out.next = (cut || more) && !all.empty() ? all.back().id : 0;
    out.items = std::move(all);
    return out;
}

}  // namespace leadbridge::crm
