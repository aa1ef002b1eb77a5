#include "crm/staff/corp_purge.h"

#include <string>

#include "base/id.h"

namespace leadbridge::crm {

std::vector<RemovedCorp> removed_corps(Snapshot& s, int limit) {
    return s.all(
        "SELECT corp_id, removed_ms FROM removed_corp ORDER BY removed_ms, corp_id LIMIT ?",
        {limit},
        [](const Row& row) {
            return RemovedCorp{row.id<CorpId>(0), row.integer(1)};
        }
    );
}

std::int64_t purge_corp(
    Transaction& tx, CorpId corp, std::span<const CorpTable> tables, int limit
) {
    std::int64_t gone = 0;
    for (const CorpTable& t : tables) {
        // Names are the program's own constants.
        const std::string table(t.table);
        const std::string key(t.slice_by);
        gone += tx.execute(
            "DELETE FROM " + table + " WHERE corp_id = ? AND " + key + " IN (SELECT " + key +
                " FROM " + table + " WHERE corp_id = ? LIMIT ?)",
            {corp, corp, limit}
        );
    }
    return gone;
}

void forget_removed_corp(Transaction& tx, CorpId corp) {
    tx.execute("DELETE FROM removed_corp WHERE corp_id = ?", {corp});
}

}  // namespace leadbridge::crm
