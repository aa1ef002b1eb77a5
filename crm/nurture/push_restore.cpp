#include "crm/nurture/push_restore.h"

#include "crm/nurture/push_moves.h"

namespace leadbridge::crm {

int doubt_pushes(Transaction& tx, UnixMillis backup_ms) {
    constexpr int at_most = 500;
    return static_cast<int>(tx.execute(
        "UPDATE push SET doubt_ms = ? WHERE id IN (SELECT id FROM push WHERE status IN (?, ?, ?, "
        "?) AND doubt_ms < ? ORDER BY id LIMIT ?)",
        {backup_ms,
         PushStatus::draft,
         PushStatus::scheduled,
         PushStatus::planning,
         PushStatus::sending,
         backup_ms,
         at_most}
    ));
}

void doubt_batch(Transaction& tx, JobQueue& jobs, const BatchRow& b, UnixMillis now) {
    tx.execute(
        "UPDATE push_batch SET intent_ms = ? WHERE corp_id = ? AND id = ?",
        {b.doubt_ms, b.corp, b.id}
    );
    to_unknown(tx, jobs, b, now, "restored from a backup: it may have been sent since");
}

}  // namespace leadbridge::crm
