#include "base/change_log.h"

namespace leadbridge {

std::vector<ChangeRecord> read_changes(Snapshot& snapshot, std::int64_t after, int limit) {
    return snapshot.all(
        "SELECT n, corp_id, topic, id, kind, ms FROM change_log WHERE n > ? ORDER BY n LIMIT ?",
        {after, limit},
        [](const Row& row) {
            return ChangeRecord{
                row.integer(0),
                row.id<CorpId>(1),
                row.str(2),
                row.integer(3),
                row.str(4),
                row.integer(5)};
        }
    );
}

std::int64_t last_change(Snapshot& snapshot) {
    return snapshot.number("SELECT MAX(n) FROM change_log");
}

std::int64_t trim_changes(Transaction& tx, UnixMillis before, int limit) {
    // The newest row stays whatever its age: it carries the numbering over a restart.
    return tx.execute(
        "DELETE FROM change_log WHERE n IN (SELECT n FROM change_log WHERE ms < ? AND n < (SELECT "
        "MAX(n) FROM "
        "change_log) ORDER BY n LIMIT ?)",
        {before, limit}
    );
}

}  // namespace leadbridge
