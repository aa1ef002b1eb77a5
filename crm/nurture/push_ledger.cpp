// Intents and the answers to them.
#include "crm/nurture/push_ledger.h"

#include "crm/nurture/push_moves.h"
#include "crm/nurture/push_restore.h"
#include "crm/nurture/push_settle.h"

namespace leadbridge::crm {

namespace {

constexpr std::int64_t planning_pause_ms = 5'000;
constexpr std::int64_t intent_pause_ms = 3'000;
constexpr std::int64_t unknown_pause_ms = 30'000;
constexpr std::size_t direct_failures = 200;

// When another batch holds the place: one with equal (sender, content), or any of this sender whose
// call has no answer yet, for attachments that were uploaded anew can make two contents look alike.
// Until when to wait.
std::optional<UnixMillis> in_the_way(Snapshot& s, const BatchRow& b, UnixMillis now) {
    return s.one(
        "SELECT state FROM push_batch WHERE corp_id = ? AND sender = ? AND "
        "(content_hash = ? OR state IN (1, 4)) AND state IN (1, 4, 6) AND id <> ?",
        {b.corp, b.sender, b.content_hash, b.id},
        [now](const Row& row) {
            const bool intent =
                static_cast<RecipientState>(row.integer(0)) == RecipientState::intent;
            return now + (intent ? intent_pause_ms : unknown_pause_ms);
        }
    );
}

}  // namespace

Result<IntentDecision> PushLedger::begin_intent(
    Transaction& tx,
    CorpId corp,
    BatchId id,
    std::string_view request_hash,
    const IntentHolder& holder
) {
    using Kind = IntentDecision::Kind;
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    const UnixMillis now = clock_.now();
    if (b->state == RecipientState::intent) {
        if (b->lease_until > now) {
            return IntentDecision{Kind::wait, b->attempt, b->lease_until, b->state};
        }
        to_unknown(tx, jobs_, *b, now, "its holder was lost");
        return IntentDecision{Kind::stop, b->attempt, 0, RecipientState::unknown};
    }
    if (b->state != RecipientState::planned) {
        return IntentDecision{Kind::stop, b->attempt, 0, b->state};
    }
    if (b->push_status == PushStatus::cancelled) {
        to_cancelled(tx, jobs_, *b);
        return IntentDecision{Kind::stop, b->attempt, 0, RecipientState::cancelled};
    }
    if (b->plan_step == PlanStep::recipients) {
        return IntentDecision{Kind::wait, b->attempt, now + planning_pause_ms, b->state};
    }
    if (std::optional<UnixMillis> until = in_the_way(tx, *b, now)) {
        return IntentDecision{Kind::wait, b->attempt, *until, b->state};
    }
    if (b->intent_ms < b->doubt_ms) {
        doubt_batch(tx, jobs_, *b, now);
        return IntentDecision{Kind::stop, b->attempt, 0, RecipientState::unknown};
    }
    tx.execute(
        "UPDATE push_batch SET state = ?, attempt = ?, request_hash = ?, fence = ?, lease_until = "
        "?, intent_ms = ?, "
        "looks = 0, error = '' WHERE corp_id = ? AND id = ?",
        {RecipientState::intent,
         b->attempt + 1,
         request_hash,
         holder.fence,
         holder.lease_until_ms,
         now,
         corp,
         id}
    );
    tell_push(tx, *b);
    return IntentDecision{Kind::go, b->attempt + 1, 0, RecipientState::intent};
}

Status PushLedger::abandon_intent(Transaction& tx, CorpId corp, BatchId id, int attempt) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    const bool open = b->state == RecipientState::intent || b->state == RecipientState::unknown;
    if (b->attempt != attempt || !open) {
        return wrong_batch_state(*b, "only the holder of its intent may abandon it");
    }
    // An unknown one was given up by a later claim: its job is gone, so it is enqueued anew.
    if (b->state == RecipientState::unknown || b->push_status == PushStatus::cancelled) {
        to_planned_again(tx, jobs_, *b);
        return {};
    }
    tx.execute(
        "UPDATE push_batch SET state = ?, attempt = attempt - 1, lease_until = 0 WHERE corp_id = ? "
        "AND id = ?",
        {RecipientState::planned, corp, id}
    );
    return {};
}

Result<PushLedger::Submitted> PushLedger::record_submitted(
    Transaction& tx,
    CorpId corp,
    BatchId id,
    int attempt,
    std::string_view msgid,
    const std::vector<std::string>& fail_list
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    if (msgid.empty()) {
        return Error{ErrorCode::invalid, "WeCom gave no msgid: record the batch as unknown"};
    }
    if (std::optional<MsgidOwner> owner = owner_of_msgid(tx, corp, msgid)) {
        if (owner->batch != id) {
            return Error{
                ErrorCode::conflict,
                "this msgid belongs to batch " + owner->batch.str(),
                "msgid_taken"};
        }
        return owner->doubled ? Submitted::second : Submitted::first;
    }
    const bool mine = b->attempt == attempt &&
                      (b->state == RecipientState::intent || b->state == RecipientState::unknown ||
                       b->state == RecipientState::for_review);
    // Between attempts no other call is under way: the late task of any attempt is taken for the
    // batch's.
    if (!mine && (b->state != RecipientState::planned || attempt > b->attempt || attempt < 1)) {
        own_msgid(tx, *b, msgid, TaskKind::doubled);
        tell_push(tx, *b);
        return Submitted::second;
    }
    to_submitted(tx, jobs_, *b, msgid, clock_.now());
    if (!fail_list.empty()) {
        tx.execute(
            "UPDATE push_batch SET fail_list = ? WHERE corp_id = ? AND id = ?",
            {encode_list(fail_list), corp, id}
        );
        if (fail_list.size() > direct_failures || settle_slice_of(tx, ids_, clock_, corp, id)) {
            enqueue_settle(tx, jobs_, *b);
        }
    }
    return Submitted::first;
}

Status PushLedger::record_rejected(
    Transaction& tx, CorpId corp, BatchId id, int attempt, int errcode, std::string_view error
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    if (b->state == RecipientState::rejected && b->attempt == attempt) {
        return {};
    }
    if (b->attempt != attempt ||
        (b->state != RecipientState::intent && b->state != RecipientState::unknown)) {
        return wrong_batch_state(*b, "only its intent can be rejected");
    }
    to_rejected(tx, jobs_, *b, errcode, error);
    return {};
}

Status PushLedger::record_unknown(
    Transaction& tx, CorpId corp, BatchId id, int attempt, std::string_view error
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    if (b->state == RecipientState::unknown && b->attempt == attempt) {
        return {};
    }
    if (b->attempt != attempt || b->state != RecipientState::intent) {
        return wrong_batch_state(*b, "only its intent can become unknown");
    }
    to_unknown(tx, jobs_, *b, clock_.now(), error);
    return {};
}

int PushLedger::recover_intents(Transaction& tx, Lost lost) {
    const UnixMillis now = clock_.now();
    const UnixMillis before = lost == Lost::all ? INT64_MAX : now;
    std::vector<BatchRow> rows = tx.all(
        std::string(batch_columns) +
            "WHERE b.state = ? AND b.lease_until < ? ORDER BY b.corp_id, b.id LIMIT 500",
        {RecipientState::intent, before},
        batch_row
    );
    for (const BatchRow& b : rows) {
        to_unknown(tx, jobs_, b, now, "its holder was lost");
    }
    return static_cast<int>(rows.size());
}

}  // namespace leadbridge::crm
