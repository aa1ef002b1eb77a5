#include "crm/nurture/push_settle.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/json.h"
#include "crm/contacts/timeline.h"

namespace leadbridge::crm {

namespace {

constexpr int settle_slice = 500;  // recipients
constexpr std::int64_t lease_ms = 60'000;
constexpr std::size_t outcomes = static_cast<std::size_t>(Outcome::cancelled) + 1;

Outcome ending_of(const BatchRow& batch) {
    if (batch.state == RecipientState::rejected) {
        return Outcome::rejected;
    }
    if (batch.state == RecipientState::cancelled) {
        return Outcome::cancelled;
    }
    return batch.closed == BatchClosed::absent_rejected ? Outcome::rejected : Outcome::none;
}

void tell_timeline(
    Transaction& tx,
    IdSource& ids,
    const BatchRow& batch,
    ContactId contact,
    const Settlement& settlement
) {
    json::object detail;
    detail["push_id"] = batch.push.str();
    detail["outcome"] = to_string(settlement.outcome);
    const std::string text = to_text(detail);
    const std::string ref = "push:" + batch.push.str();
    add_event(
        tx,
        ids,
        {.corp = batch.corp,
         .contact = contact,
         .lead = {},
         .member = batch.sender_id,
         .at = settlement.at,
         .kind = "push",
         .detail = text,
         .ref = ref}
    );
}

// One write after the other until one says that nothing is left. Safe to run twice.
void write_until_done(Database& core, const std::function<Result<bool>(Transaction&)>& slice) {
    for (bool more = true; more;) {
        Result<bool> written = core.write<bool>(slice);
        if (!written) {
            throw DatabaseError(written.error().message);
        }
        more = *written;
    }
}

// A slice of the batches that were never handed over: cancelled, each with a job for its
// recipients.
Result<bool> cancel_unsent(Transaction& tx, JobQueue& jobs, CorpId corp, PushId push, int at_most) {
    if (!tx.exists(
            "SELECT 1 FROM push WHERE corp_id = ? AND id = ? AND status = ?",
            {corp, push, PushStatus::cancelled}
        )) {
        return false;
    }
    const std::vector<BatchRow> batches = tx.all(
        std::string(batch_columns) +
            "WHERE b.corp_id = ? AND b.push_id = ? AND b.state = ? ORDER BY b.id LIMIT ?",
        {corp, push, RecipientState::planned, at_most},
        batch_row
    );
    for (const BatchRow& batch : batches) {
        tx.execute(
            "UPDATE push_batch SET state = ? WHERE corp_id = ? AND id = ?",
            {RecipientState::cancelled, corp, batch.id}
        );
        enqueue_settle(tx, jobs, batch);
    }
    return !batches.empty();
}

}  // namespace

int settle_recipients(
    Transaction& tx,
    IdSource& ids,
    const BatchRow& batch,
    const std::vector<Settlement>& settlements
) {
    struct Found {
        ContactId contact;
        Outcome outcome;
    };

    std::array<std::int64_t, outcomes> tally{};
    int settled = 0;
    int corrected = 0;
    for (const Settlement& settlement : settlements) {
        auto found = tx.one(
            "SELECT contact_id, outcome FROM push_recipient WHERE corp_id = ? AND batch_id = ? AND "
            "external_userid = ?",
            {batch.corp, batch.id, settlement.external_userid},
            [](const Row& row) {
                return Found{row.id<ContactId>(0), static_cast<Outcome>(row.integer(1))};
            }
        );
        // A recipient that was sent to before the cancellation reached WeCom was delivered after
        // all.
        const bool corrects = found && found->outcome == Outcome::cancelled &&
                              settlement.outcome == Outcome::delivered;
        if (!found || (found->outcome != Outcome::none && !corrects)) {
            continue;
        }
        tx.execute(
            "UPDATE push_recipient SET outcome = ?, outcome_ms = ?, error = ? "
            "WHERE corp_id = ? AND push_id = ? AND contact_id = ?",
            {settlement.outcome,
             settlement.at,
             settlement.error,
             batch.corp,
             batch.push,
             found->contact}
        );
        ++tally[static_cast<std::size_t>(settlement.outcome)];
        ++(corrects ? corrected : settled);
        tell_timeline(tx, ids, batch, found->contact, settlement);
    }
    tally[static_cast<std::size_t>(Outcome::cancelled)] -= corrected;
    for (std::size_t i = 0; i < tally.size(); ++i) {
        add_count(tx, batch.corp, batch.push, to_string(static_cast<Outcome>(i)), tally[i]);
    }
    if (settled > 0) {
        tx.execute(
            "UPDATE push_batch SET settled = settled + ? WHERE corp_id = ? AND id = ?",
            {settled, batch.corp, batch.id}
        );
    }
    return settled + corrected;
}

bool settle_slice_of(Transaction& tx, IdSource& ids, const Clock& clock, CorpId corp, BatchId id) {
    std::optional<BatchRow> batch = load_batch(tx, corp, id);
    if (!batch) {
        return false;
    }
    const UnixMillis now = clock.now();
    const Outcome ending = ending_of(*batch);
    std::vector<std::string> todo;
    bool more = false;
    if (ending != Outcome::none) {
        todo = tx.all(
            "SELECT external_userid FROM push_recipient WHERE corp_id = ? AND batch_id = ? AND "
            "outcome = 0 "
            "ORDER BY external_userid LIMIT ?",
            {corp, id, settle_slice},
            [](const Row& row) { return row.str(0); }
        );
        more = todo.size() == static_cast<std::size_t>(settle_slice);
    } else {
        std::vector<std::string> failed =
            decode_list(tx.one(
                              "SELECT fail_list FROM push_batch WHERE corp_id = ? AND id = ?",
                              {corp, id},
                              [](const Row& row) { return row.str(0); }
            ).value_or(""));
        const std::size_t n = std::min(failed.size(), static_cast<std::size_t>(settle_slice));
        todo.assign(failed.begin(), failed.begin() + static_cast<std::ptrdiff_t>(n));
        failed.erase(failed.begin(), failed.begin() + static_cast<std::ptrdiff_t>(n));
        more = !failed.empty();
        tx.execute(
            "UPDATE push_batch SET fail_list = ? WHERE corp_id = ? AND id = ?",
            {failed.empty() ? std::string() : encode_list(failed), corp, id}
        );
    }
    const Outcome outcome = ending == Outcome::none ? Outcome::rejected : ending;
    const std::string error = batch->state == RecipientState::rejected
                                  ? std::to_string(batch->errcode)
                              : batch->closed == BatchClosed::absent_rejected ? "not_in_task"
                              : outcome == Outcome::rejected                  ? "fail_list"
                                                                              : "";
    std::vector<Settlement> settlements;
    settlements.reserve(todo.size());
    for (std::string& external : todo) {
        settlements.push_back(
            {.external_userid = std::move(external), .outcome = outcome, .at = now, .error = error}
        );
    }
    settle_recipients(tx, ids, *batch, settlements);
    if (!more) {
        finish_push(tx, corp, batch->push, now);
    }
    tx.changed({.corp = corp, .topic = "push", .id = batch->push.value, .kind = "updated"});
    return more;
}

void enqueue_settle(Transaction& tx, JobQueue& jobs, const BatchRow& batch) {
    json::object payload;
    payload["batch_id"] = batch.id.str();
    jobs.enqueue(
        tx,
        {.corp = batch.corp,
         .queue = std::string(settle_queue),
         .payload = to_text(payload),
         .order_key = batch.push.str(),
         .unique_key = batch.id.str()}
    );
}

void enqueue_settle_cancelled(Transaction& tx, JobQueue& jobs, CorpId corp, PushId push) {
    json::object payload;
    payload["push_id"] = push.str();
    jobs.enqueue(
        tx,
        {.corp = corp,
         .queue = std::string(settle_queue),
         .payload = to_text(payload),
         .order_key = push.str(),
         .unique_key = "push:" + push.str()}
    );
}

JobHandler settle_handler(
    Database& core, JobQueue& jobs, const Clock& clock, IdSource& ids, int batches_per_slice
) {
    JobHandler handler;
    handler.queue = settle_queue;
    handler.lease_ms = lease_ms;
    handler.run = [&core, &jobs, &clock, &ids, batches_per_slice](const Job& job) -> JobOutcome {
        if (std::optional<std::int64_t> batch = id_in(job, "batch_id")) {
            write_until_done(core, [&](Transaction& tx) -> Result<bool> {
                return settle_slice_of(tx, ids, clock, job.corp, BatchId{*batch});
            });
            return JobDone{};
        }
        if (std::optional<std::int64_t> push = id_in(job, "push_id")) {
            write_until_done(core, [&](Transaction& tx) -> Result<bool> {
                return cancel_unsent(tx, jobs, job.corp, PushId{*push}, batches_per_slice);
            });
            return JobDone{};
        }
        return JobDead{"the payload names neither batch nor push"};
    };
    return handler;
}

}  // namespace leadbridge::crm
