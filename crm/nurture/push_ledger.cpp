// Intents and what becomes of them.
#include "crm/nurture/push_ledger.h"

#include <algorithm>

#include "crm/nurture/push_rows.h"
#include "crm/outbox.h"

namespace leadbridge::crm {

namespace {

constexpr std::int64_t planning_pause_ms = 5'000;
constexpr std::int64_t intent_pause_ms = 3'000;
constexpr std::int64_t unknown_pause_ms = 30'000;
constexpr std::int64_t first_poll_ms = 60'000;
constexpr std::size_t direct_failures = 200;

Error no_batch() {
    return Error{ErrorCode::not_found, "no such batch of this corp"};
}

Error wrong_state(const BatchRow& b, std::string_view wanted) {
    return Error{
        .code = ErrorCode::conflict,
        .message = "batch " + b.id.str() + " is " + std::string(to_string(b.state)) +
                   " in attempt " + std::to_string(b.attempt) + "; " + std::string(wanted),
        .reason = "batch_state"};
}

void tell(Transaction& tx, const BatchRow& b) {
    tx.changed({.corp = b.corp, .topic = "push", .id = b.push.value, .kind = "updated"});
}

// WeCom's msgid of one of our batches; the first one is the batch's own.
struct Owner {
    BatchId batch;
    bool doubled;
};

std::optional<Owner> owner_of(Snapshot& s, CorpId corp, std::string_view msgid) {
    return s.one(
        "SELECT batch_id, doubled FROM push_msgid WHERE corp_id = ? AND msgid = ?",
        {corp, msgid},
        [](const Row& row) {
            return Owner{row.id<BatchId>(0), row.flag(1)};
        }
    );
}

void own(Transaction& tx, const BatchRow& b, std::string_view msgid, int doubled) {
    tx.execute(
        "INSERT INTO push_msgid (corp_id, msgid, push_id, batch_id, doubled, intent_ms) VALUES (?, "
        "?, ?, ?, ?, ?)",
        {b.corp, msgid, b.push, b.id, doubled, b.intent_ms}
    );
    if (doubled != 0) {
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
    tell(tx, b);
}

// The attempt's answer is known: this msgid is the batch's task.
void to_submitted(
    Transaction& tx, JobQueue& jobs, const BatchRow& b, std::string_view msgid, UnixMillis now
) {
    tx.execute(
        "UPDATE push_batch SET state = ?, msgid = ?, submitted_ms = ?, lease_until = 0, error = '' "
        "WHERE corp_id = ? AND id = ?",
        {RecipientState::submitted, msgid, now, b.corp, b.id}
    );
    own(tx, b, msgid, 0);
    put_job(tx, jobs, b.corp, PollPushBatch{b.push.value, b.id.value}, now + first_poll_ms);
    if (b.push_status == PushStatus::cancelled) {
        put_job(tx, jobs, b.corp, PushCommand{b.push.value, "cancel"});
    }
    tell(tx, b);
}

void to_cancelled(Transaction& tx, JobQueue& jobs, const BatchRow& b) {
    tx.execute(
        "UPDATE push_batch SET state = ?, lease_until = 0 WHERE corp_id = ? AND id = ?",
        {RecipientState::cancelled, b.corp, b.id}
    );
    enqueue_settle(tx, jobs, b);
    tell(tx, b);
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
    tell(tx, b);
}

// Certainly not in WeCom: planned again and enqueued, unless the push was cancelled or the batch
// has had its attempts.
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
    tell(tx, b);
}

// When another batch with equal (sender, content) holds the place: until when to wait.
std::optional<UnixMillis> in_the_way(Snapshot& s, const BatchRow& b, UnixMillis now) {
    return s.one(
        "SELECT state FROM push_batch WHERE corp_id = ? AND sender = ? AND content_hash = ? AND "
        "state IN (1, 4, 6) "
        "AND id <> ?",
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
        return no_batch();
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
    tell(tx, *b);
    return IntentDecision{Kind::go, b->attempt + 1, 0, RecipientState::intent};
}

Status PushLedger::abandon_intent(Transaction& tx, CorpId corp, BatchId id, int attempt) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_batch();
    }
    const bool open = b->state == RecipientState::intent || b->state == RecipientState::unknown;
    if (b->attempt != attempt || !open) {
        return wrong_state(*b, "only the holder of its intent may abandon it");
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
        return no_batch();
    }
    if (msgid.empty()) {
        return Error{ErrorCode::invalid, "WeCom gave no msgid: record the batch as unknown"};
    }
    if (std::optional<Owner> owner = owner_of(tx, corp, msgid)) {
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
        own(tx, *b, msgid, 1);
        tell(tx, *b);
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
        return no_batch();
    }
    if (b->state == RecipientState::rejected && b->attempt == attempt) {
        return {};
    }
    if (b->attempt != attempt ||
        (b->state != RecipientState::intent && b->state != RecipientState::unknown)) {
        return wrong_state(*b, "only its intent can be rejected");
    }
    to_rejected(tx, jobs_, *b, errcode, error);
    return {};
}

Status PushLedger::record_unknown(
    Transaction& tx, CorpId corp, BatchId id, int attempt, std::string_view error
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_batch();
    }
    if (b->state == RecipientState::unknown && b->attempt == attempt) {
        return {};
    }
    if (b->attempt != attempt || b->state != RecipientState::intent) {
        return wrong_state(*b, "only its intent can become unknown");
    }
    to_unknown(tx, jobs_, *b, clock_.now(), error);
    return {};
}

Status PushLedger::resolve_found(
    Transaction& tx, CorpId corp, BatchId id, int attempt, std::string_view msgid
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_batch();
    }
    if (b->state == RecipientState::submitted && b->msgid == msgid) {
        return {};
    }
    if (b->attempt != attempt ||
        (b->state != RecipientState::unknown && b->state != RecipientState::for_review)) {
        return wrong_state(*b, "only an unknown batch is resolved");
    }
    if (std::optional<Owner> owner = owner_of(tx, corp, msgid)) {
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
        return no_batch();
    }
    if (b->attempt != attempt ||
        (b->state != RecipientState::unknown && b->state != RecipientState::for_review)) {
        return wrong_state(*b, "only an unknown batch is put up for review");
    }
    tx.execute(
        "UPDATE push_batch SET state = ?, error = ? WHERE corp_id = ? AND id = ?",
        {RecipientState::for_review, "candidates: " + encode_list(msgids), corp, id}
    );
    tell(tx, *b);
    return {};
}

Result<std::optional<UnixMillis>> PushLedger::resolve_none(
    Transaction& tx, CorpId corp, BatchId id, int attempt
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_batch();
    }
    if (b->attempt != attempt || b->state != RecipientState::unknown) {
        return wrong_state(*b, "only an unknown batch is looked up");
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
        return no_batch();
    }
    if (b->state != RecipientState::for_review) {
        return wrong_state(*b, "only a batch for review is decided");
    }
    if (!msgid.empty()) {
        return resolve_found(tx, corp, id, b->attempt, msgid);
    }
    to_planned_again(tx, jobs_, *b);
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
