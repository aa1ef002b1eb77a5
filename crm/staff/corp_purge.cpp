#include "crm/staff/corp_purge.h"

#include <string>

#include "base/id.h"

namespace leadbridge::crm {

std::int64_t purge_removed_corps(Transaction& tx, std::span<const CorpTable> tables, int limit) {
    const CorpId corp{
        tx.number("SELECT corp_id FROM removed_corp ORDER BY removed_ms, corp_id LIMIT 1")};
    if (!corp) {
        return 0;
    }
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
    if (gone == 0) {
        gone = tx.execute("DELETE FROM removed_corp WHERE corp_id = ?", {corp});
    }
    return gone;
}

}  // namespace leadbridge::crm
