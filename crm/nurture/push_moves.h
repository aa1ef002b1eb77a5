#pragma once
// The moves of a batch from state to state, each with the jobs that follow from it. Private to this
// room: push_ledger.h decides which move is allowed. None of them checks the state it starts from.

#include <optional>
#include <string_view>

#include "base/database.h"
#include "base/job_queue.h"
#include "base/result.h"
#include "crm/nurture/push_rows.h"

namespace leadbridge::crm {

Error no_such_batch();
Error wrong_batch_state(const BatchRow& b, std::string_view wanted);
void tell_push(Transaction& tx, const BatchRow& b);

// Whose task a msgid of WeCom is; the first one is the batch's own.
struct MsgidOwner {
    BatchId batch;
    bool doubled = false;
};

std::optional<MsgidOwner> owner_of_msgid(Snapshot& s, CorpId corp, std::string_view msgid);
enum class TaskKind : std::uint8_t { own = 0, doubled = 1 };
void own_msgid(Transaction& tx, const BatchRow& b, std::string_view msgid, TaskKind kind);

void to_unknown(
    Transaction& tx, JobQueue& jobs, const BatchRow& b, UnixMillis now, std::string_view error
);
// The attempt's answer is known: this msgid is the batch's task.
void to_submitted(
    Transaction& tx, JobQueue& jobs, const BatchRow& b, std::string_view msgid, UnixMillis now
);
void to_cancelled(Transaction& tx, JobQueue& jobs, const BatchRow& b);
void to_rejected(
    Transaction& tx, JobQueue& jobs, const BatchRow& b, int errcode, std::string_view error
);
// Certainly not in WeCom: planned again and enqueued, unless the push was cancelled or the batch
// has had its attempts.
void to_planned_again(Transaction& tx, JobQueue& jobs, const BatchRow& b);

}  // namespace leadbridge::crm
