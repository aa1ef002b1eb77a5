#include "crm/nurture/push_moves.h"

#include "crm/nurture/push_settle.h"
#include "crm/outbox.h"

namespace leadbridge::crm {

namespace {

constexpr std::int64_t first_poll_ms = 60'000;

}  // namespace

Error no_such_batch() {
    return Error{ErrorCode::not_found, "no such batch of this corp"};
}

Error wrong_batch_state(const BatchRow& b, std::string_view wanted) {
    return Error{
        .code = ErrorCode::conflict,
        .message = "batch " + b.id.str() + " is " + std::string(to_string(b.state)) +
                   " in attempt " + std::to_string(b.attempt) + "; " + std::string(wanted),
        .reason = "batch_state"};
}

void tell_push(Transaction& tx, const BatchRow& b) {
    tx.changed({.corp = b.corp, .topic = "push", .id = b.push.value, .kind = "updated"});
}

std::optional<MsgidOwner> owner_of_msgid(Snapshot& s, CorpId corp, std::string_view msgid) {
    return s.one(
        "SELECT batch_id, doubled FROM push_msgid WHERE corp_id = ? AND msgid = ?",
        {corp, msgid},
        [](const Row& row) {
            return MsgidOwner{row.id<BatchId>(0), row.flag(1)};
        }
    );
}

void own_msgid(Transaction& tx, const BatchRow& b, std::string_view msgid, TaskKind kind) {
    tx.execute(
        "INSERT INTO push_msgid (corp_id, msgid, push_id, batch_id, doubled, intent_ms) VALUES (?, "
        "?, ?, ?, ?, ?)",
        {b.corp, msgid, b.push, b.id, kind, b.intent_ms}
    );
    if (kind == TaskKind::doubled) {
        add_count(tx, b.corp, b.push, "doubled_tasks", 1);
    }
}

void to_unknown(
    Transaction& tx, JobQueue& jobs, const BatchRow& b, UnixMillis now, std::string_view error
) {
    tx.execute(
        "UPDATE push_batch SET state = ?, unknown_ms = ?, looks = 0, error = ? WHERE corp_id = ? "
        "AND id = ?",
        {RecipientState::unknown, now, error, b.corp, b.id}
    );
    put_job(tx, jobs, b.corp, ResolvePushBatch{b.push.value, b.id.value}, now + first_look_ms);
    tell_push(tx, b);
}

void to_submitted(
    Transaction& tx, JobQueue& jobs, const BatchRow& b, std::string_view msgid, UnixMillis now
) {
    tx.execute(
        "UPDATE push_batch SET state = ?, msgid = ?, submitted_ms = ?, lease_until = 0, error = '' "
        "WHERE corp_id = ? AND id = ?",
        {RecipientState::submitted, msgid, now, b.corp, b.id}
    );
    own_msgid(tx, b, msgid, TaskKind::own);
    put_job(tx, jobs, b.corp, PollPushBatch{b.push.value, b.id.value}, now + first_poll_ms);
    if (b.push_status == PushStatus::cancelled) {
        put_job(tx, jobs, b.corp, PushCommand{b.push.value, "cancel"});
    }
    tell_push(tx, b);
}

void to_cancelled(Transaction& tx, JobQueue& jobs, const BatchRow& b) {
    tx.execute(
        "UPDATE push_batch SET state = ?, lease_until = 0 WHERE corp_id = ? AND id = ?",
        {RecipientState::cancelled, b.corp, b.id}
    );
    enqueue_settle(tx, jobs, b);
    tell_push(tx, b);
}

void to_rejected(
    Transaction& tx, JobQueue& jobs, const BatchRow& b, int errcode, std::string_view error
) {
    tx.execute(
        "UPDATE push_batch SET state = ?, errcode = ?, error = ?, lease_until = 0 WHERE corp_id = "
        "? AND id = ?",
        {RecipientState::rejected, errcode, error, b.corp, b.id}
    );
    enqueue_settle(tx, jobs, b);
    tell_push(tx, b);
}

void to_planned_again(Transaction& tx, JobQueue& jobs, const BatchRow& b) {
    if (b.push_status == PushStatus::cancelled) {
        to_cancelled(tx, jobs, b);
        return;
    }
    if (b.attempt >= max_attempts) {
        to_rejected(
            tx, jobs, b, 0, "not carried out in " + std::to_string(max_attempts) + " attempts"
        );
        return;
    }
    tx.execute(
        "UPDATE push_batch SET state = ?, lease_until = 0 WHERE corp_id = ? AND id = ?",
        {RecipientState::planned, b.corp, b.id}
    );
    put_job(tx, jobs, b.corp, SendPushBatch{b.push.value, b.id.value});
    tell_push(tx, b);
}

}  // namespace leadbridge::crm
