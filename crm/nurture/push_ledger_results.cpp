// What the polls of a submitted batch tell: confirmations, outcomes, cancellations, reminders,
// doubled tasks.
#include <algorithm>

#include "base/json.h"
#include "crm/nurture/push_ledger.h"
#include "crm/nurture/push_moves.h"
#include "crm/nurture/push_settle.h"
#include "crm/outbox.h"

namespace leadbridge::crm {

namespace {

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t last_poll_age = 30 * day;
constexpr std::int64_t absent_after = day;  // results are complete long before
constexpr std::size_t reminds_per_day = 3;

std::int64_t poll_pause(std::int64_t age) {
    if (age < 10 * minute) {
        return minute;
    }
    if (age < 2 * hour) {
        return 5 * minute;
    }
    if (age < day) {
        return 30 * minute;
    }
    return age < 7 * day ? 2 * hour : 12 * hour;
}

Error not_submitted(const BatchRow& b) {
    return wrong_batch_state(b, "it has no task");
}

}  // namespace

Status PushLedger::record_results(
    Transaction& tx, CorpId corp, BatchId id, std::span<const SendRow> rows
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    if (b->state != RecipientState::submitted && b->state != RecipientState::cancelled) {
        return not_submitted(*b);
    }
    const UnixMillis now = clock_.now();
    std::vector<Settlement> settlements;
    for (const SendRow& row : rows) {
        const UnixMillis at = row.send_ms > 0 ? row.send_ms : now;
        switch (row.status) {
            case SendStatus::unsent:
                break;
            case SendStatus::sent:
                settlements.push_back({row.external_userid, Outcome::delivered, at, ""});
                break;
            case SendStatus::not_friend:
                settlements.push_back({row.external_userid, Outcome::not_friend, at, ""});
                break;
            case SendStatus::capped:
                settlements.push_back({row.external_userid, Outcome::capped, at, ""});
                break;
        }
    }
    if (settle_recipients(tx, ids_, *b, settlements) > 0) {
        finish_push(tx, corp, b->push, now);
        tell_push(tx, *b);
    }
    return {};
}

Status PushLedger::record_confirmed(Transaction& tx, CorpId corp, BatchId id, UnixMillis send_ms) {
    tx.execute(
        "UPDATE push_batch SET confirmed_ms = ? WHERE corp_id = ? AND id = ? AND confirmed_ms = 0 "
        "AND state IN (2, 8)",
        {send_ms > 0 ? send_ms : clock_.now(), corp, id}
    );
    return {};
}

Result<std::optional<UnixMillis>> PushLedger::record_polled(
    Transaction& tx, CorpId corp, BatchId id
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    if (b->state == RecipientState::cancelled) {
        return std::optional<UnixMillis>();
    }
    if (b->state != RecipientState::submitted) {
        return not_submitted(*b);
    }
    const UnixMillis now = clock_.now();
    if (b->final()) {
        finish_push(tx, corp, b->push, now);
        return std::optional<UnixMillis>();
    }
    if (b->confirmed_ms != 0 && now - b->confirmed_ms > absent_after) {
        tx.execute(
            "UPDATE push_batch SET closed = ? WHERE corp_id = ? AND id = ?",
            {BatchClosed::absent_rejected, corp, id}
        );
        enqueue_settle(tx, jobs_, *b);
        return std::optional<UnixMillis>();
    }
    const std::int64_t age = now - b->submitted_ms;
    if (age >= last_poll_age) {
        tx.execute(
            "UPDATE push_batch SET closed = ? WHERE corp_id = ? AND id = ?",
            {BatchClosed::waiting_ended, corp, id}
        );
        finish_push(tx, corp, b->push, now);
        return std::optional<UnixMillis>();
    }
    return std::optional<UnixMillis>(now + poll_pause(age));
}

Status PushLedger::record_cancelled(Transaction& tx, CorpId corp, BatchId id) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    if (b->state == RecipientState::cancelled) {
        return {};
    }
    if (b->state != RecipientState::submitted) {
        return not_submitted(*b);
    }
    tx.execute(
        "UPDATE push_batch SET state = ? WHERE corp_id = ? AND id = ?",
        {RecipientState::cancelled, corp, id}
    );
    enqueue_settle(tx, jobs_, *b);
    // One last look: whoever was sent to before the cancellation was delivered.
    put_job(tx, jobs_, corp, PollPushBatch{b->push.value, id.value}, clock_.now() + minute);
    tell_push(tx, *b);
    return {};
}

Result<PushLedger::Remind> PushLedger::begin_remind(
    Transaction& tx, CorpId corp, BatchId id, JobId command
) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    if (b->state != RecipientState::submitted) {
        return not_submitted(*b);
    }
    if (b->remind_job >= command) {
        tx.execute(
            "UPDATE push_batch SET remind_state = ? WHERE corp_id = ? AND id = ? AND remind_job = "
            "? AND remind_state = ?",
            {RemindState::unknown, corp, id, command, RemindState::begun}
        );
        return Remind::stop;
    }
    const UnixMillis now = clock_.now();
    std::vector<std::string> recent;
    for (std::string& text : decode_list(b->reminds)) {
        std::optional<std::int64_t> at = parse_id(text);
        if (at && *at > now - day) {
            recent.push_back(std::move(text));
        }
    }
    if (recent.size() >= reminds_per_day) {
        return Error{
            .code = ErrorCode::limited,
            .message = "WeCom takes three reminders of one mass send within 24 h",
            .reason = "reminded_too_often",
            .retry_after_ms = parse_id(recent.front()).value_or(now) + day - now};
    }
    recent.push_back(std::to_string(now));
    tx.execute(
        "UPDATE push_batch SET reminds = ?, remind_job = ?, remind_state = ? WHERE corp_id = ? AND "
        "id = ?",
        {encode_list(recent), command, RemindState::begun, corp, id}
    );
    return Remind::go;
}

Status PushLedger::record_reminded(
    Transaction& tx, CorpId corp, BatchId id, JobId command, RemindState state
) {
    tx.execute(
        "UPDATE push_batch SET remind_state = ? WHERE corp_id = ? AND id = ? AND remind_job = ?",
        {state, corp, id, command}
    );
    return {};
}

Status PushLedger::record_second(Transaction& tx, CorpId corp, BatchId id, std::string_view msgid) {
    std::optional<BatchRow> b = load_batch(tx, corp, id);
    if (!b) {
        return no_such_batch();
    }
    const bool added =
        tx.execute(
            "INSERT INTO push_msgid (corp_id, msgid, push_id, batch_id, doubled, intent_ms) "
            "VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT (corp_id, msgid) DO NOTHING",
            {corp, msgid, b->push, id, b->intent_ms}
        ) > 0;
    if (added) {
        add_count(tx, corp, b->push, "doubled_tasks", 1);
        tell_push(tx, *b);
    }
    return {};
}

}  // namespace leadbridge::crm
