#include "connectors/wecom/retention.h"

#include "connectors/wecom/welcome.h"

namespace leadbridge::wecom {

std::int64_t forget_old_rows(Transaction& tx, CorpId corp, const Oldest& oldest, int limit) {
    const auto welcomes = tx.execute(
        "DELETE FROM welcome WHERE corp_id=? AND inbox_id IN (SELECT inbox_id FROM welcome WHERE "
        "corp_id=? AND inbox_id<? AND state<>? ORDER BY inbox_id LIMIT ?)",
        {corp, corp, oldest.welcome_inbox_id, WelcomeState::intent, limit}
    );
    const auto runs = tx.execute(
        "DELETE FROM contact_sync_run WHERE corp_id=? AND id IN (SELECT id FROM contact_sync_run "
        "WHERE corp_id=? AND id<? AND finished_ms<>0 AND id NOT IN (SELECT MAX(id) FROM "
        "contact_sync_run WHERE corp_id=? GROUP BY kind) ORDER BY id LIMIT ?)",
        {corp, corp, oldest.sync_run_id, corp, limit}
    );
    return welcomes + runs;
}

}  // namespace leadbridge::wecom
