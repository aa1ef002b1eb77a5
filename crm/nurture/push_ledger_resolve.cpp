// What becomes of batches without a clear answer.
#include "crm/nurture/push_ledger.h"
#include "crm/nurture/push_moves.h"

namespace leadbridge::crm {

Status PushLedger::resolve_found(
    Transaction& tx, CorpId corp, BatchId id, int attempt, std::string_view msgid
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    if (b->state == RecipientState::submitted && b->msgid == msgid) {
        return {};
    }
    if (b->attempt != attempt ||
        (b->state != RecipientState::unknown && b->state != RecipientState::for_review)) {
        return wrong_batch_state(*b, "only an unknown batch is resolved");
    }
    if (std::optional<MsgidOwner> owner = owner_of_msgid(tx, corp, msgid)) {
        return Error{
            ErrorCode::conflict,
            "this msgid belongs to batch " + owner->batch.str(),
            "msgid_taken"};
    }
    to_submitted(tx, jobs_, *b, msgid, clock_.now());
    return {};
}

Status PushLedger::resolve_for_review(
    Transaction& tx, CorpId corp, BatchId id, int attempt, const std::vector<std::string>& msgids
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    if (b->attempt != attempt ||
        (b->state != RecipientState::unknown && b->state != RecipientState::for_review)) {
        return wrong_batch_state(*b, "only an unknown batch is put up for review");
    }
    tx.execute(
        "UPDATE push_batch SET state = ?, error = ? WHERE corp_id = ? AND id = ?",
        {RecipientState::for_review, "candidates: " + encode_list(msgids), corp, id}
    );
    tell_push(tx, *b);
    return {};
}

Result<std::optional<UnixMillis>> PushLedger::resolve_none(
    Transaction& tx, CorpId corp, BatchId id, int attempt
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    if (b->attempt != attempt || b->state != RecipientState::unknown) {
        return wrong_batch_state(*b, "only an unknown batch is looked up");
    }
    // A look counts only when its time has come: a job that ran early or twice must not shorten the
    // three looks.
    const std::int64_t age = clock_.now() - b->unknown_ms;
    if (age < third_look_ms) {
        const std::int64_t next = age < second_look_ms ? second_look_ms : third_look_ms;
        tx.execute(
            "UPDATE push_batch SET looks = looks + 1 WHERE corp_id = ? AND id = ?", {corp, id}
        );
        return std::optional<UnixMillis>(b->unknown_ms + next);
    }
    if (b->looks < 2) {
        // The earlier looks never took place (the daemon was down): the task may only just have
        // become visible.
        tx.execute(
            "UPDATE push_batch SET looks = looks + 1 WHERE corp_id = ? AND id = ?", {corp, id}
        );
        return std::optional<UnixMillis>(clock_.now() + first_look_ms);
    }
    to_planned_again(tx, jobs_, *b);
    return std::optional<UnixMillis>();
}

Status PushLedger::decide_review(Transaction& tx, CorpId corp, BatchId id, std::string_view msgid) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    if (b->state != RecipientState::for_review) {
        return wrong_batch_state(*b, "only a batch for review is decided");
    }
    if (!msgid.empty()) {
        return resolve_found(tx, corp, id, b->attempt, msgid);
    }
    to_planned_again(tx, jobs_, *b);
    return {};
}

}  // namespace leadbridge::crm
