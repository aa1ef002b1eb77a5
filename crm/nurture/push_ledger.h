#pragma once
// The push ledger: what was planned for whom, what was handed to WeCom, and how it ended.
// connectors/wecom/mass_send drives it; nothing here calls anything remote. Promise: at most one
// task per recipient and push, every doubt visible.
//
// A batch is one sender and at most 10,000 external_userids of one push; its recipients never
// change and no recipient is in two batches of a push. A batch goes
//
//   planned -> intent -> submitted(msgid) | rejected(errcode) | unknown
//   unknown -> submitted | planned again (looked up three times, not there; attempt + 1) |
//   for_review (several candidates) planned, submitted -> cancelled
//
// How mass_send runs a batch (add_msg_template, developer.work.weixin.qq.com/document/path/92135):
//   SendPushBatch   1. read batch(); build the request body.
//                   2. begin_intent() in its own write. go: call, with the returned attempt. wait:
//                   JobHold. stop: JobDone.
//                   3. after the call, in one write with JobQueue::done: record_submitted |
//                   record_rejected | record_unknown
//                      (timeout, cut, 5xx after sending) | abandon_intent (certainly not carried
//                      out: not connected, 45009, token), then JobHold. record_submitted enqueues
//                      PollPushBatch, record_unknown ResolvePushBatch.
//   ResolvePushBatch  look the task up (93338): found_for(); one = resolve_found, several =
//   resolve_for_review, none =
//                   resolve_none, which says when to look again or puts the batch back to planned
//                   and enqueues it.
//   PollPushBatch   record_confirmed / record_results (<= 500 rows a write), then record_polled:
//   when to poll again. PushCommand     batches_of() in state submitted: begin_remind(), the
//   call, record_reminded(); or the call then record_cancelled.
//
// Every record_* is idempotent, takes the attempt it belongs to and refuses (ErrorCode::conflict)
// what does not fit the state. Thread-safe (no state of its own); all referenced objects outlive
// it.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/job_queue.h"
#include "base/result.h"
#include "crm/contacts/content.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

using PushId = Id<struct PushTag>;
using BatchId = Id<struct BatchTag>;
using ContactId = Id<struct ContactTag>;

enum class PushStatus : std::uint8_t { draft, scheduled, planning, sending, done, cancelled };

// Of a batch, and of a recipient as people see it. excluded and not_submitted are of recipients
// only: not_submitted is a recipient of a batch that was looked up, not found, and waits for its
// next attempt.
enum class RecipientState : std::uint8_t {
    planned,
    intent,
    submitted,
    rejected,
    unknown,
    not_submitted,
    for_review,
    excluded,
    cancelled,
};

// Of a submitted recipient. none = not submitted.
enum class Outcome : std::uint8_t {
    none,
    waiting,
    delivered,
    not_friend,
    capped,
    rejected,
    cancelled
};

// Of the last reminder of a batch. begun: committed before the call and without an answer yet;
// unknown: there will be none, and it is not sent again.
enum class RemindState : std::uint8_t { none, begun, sent, refused, unknown };

std::string_view to_string(PushStatus status) noexcept;
std::string_view to_string(RecipientState state) noexcept;
std::string_view to_string(Outcome outcome) noexcept;
std::string_view to_string(RemindState state) noexcept;

struct BatchView {
    PushId push;
    BatchId batch;
    CorpId corp;
    std::string sender;                         // userid
    MessageContent content;                     // frozen at submit
    std::vector<std::string> external_userids;  // <= 10,000, in a fixed order
    int attempt = 0;                            // of the last begun attempt; 0 = none yet
    std::string request_hash;                   // of the last attempt
    RecipientState state = RecipientState::planned;
    std::string msgid;         // upstream id once submitted
    UnixMillis intent_ms = 0;  // when the last attempt was begun
    UnixMillis submitted_ms = 0;
    UnixMillis confirmed_ms = 0;  // the member pressed send; 0 = not yet known
    int errcode = 0;              // of a rejected batch
    bool push_cancelled =
        false;  // the push was cancelled: a submitted batch is to be cancelled upstream
    int recipients = 0;
    int settled = 0;  // recipients with a final outcome
    RemindState remind = RemindState::none;
};

// Who holds an intent: after lease_until_ms, or when the daemon starts again, an intent without a
// result is unknown.
struct IntentHolder {
    std::int64_t fence = 0;         // of the job
    UnixMillis lease_until_ms = 0;  // now + at least twice the call's timeout
};

struct IntentDecision {
    enum class Kind : std::uint8_t {
        go,    // call now, under this attempt
        wait,  // another batch of equal sender and content is in flight, or the push is still being
               // planned: try at `until`
        stop,  // nothing to do: cancelled, submitted, rejected, unknown or for review (a due
               // ResolvePushBatch exists)
    };
    Kind kind = Kind::stop;
    int attempt = 0;
    UnixMillis until = 0;
    RecipientState state = RecipientState::planned;
};

enum class SendStatus : std::uint8_t {
    unsent = 0,
    sent = 1,
    not_friend = 2,
    capped = 3
};  // get_groupmsg_send_result

struct SendRow {
    std::string external_userid;
    SendStatus status = SendStatus::unsent;
    UnixMillis send_ms = 0;  // send_time in ms; 0 = not given
};

// A row of get_groupmsg_list_v2 that may be ours. sender = the only userid of its task; empty when
// it has none or several.
struct FoundTask {
    std::string msgid;
    std::string sender;
    bool content_equal = false;
};

struct PushCounts {
    std::int64_t planned = 0;                      // everyone with a row who was not excluded
    std::map<std::string, std::int64_t> excluded;  // by reason
    std::int64_t pending = 0;  // not yet handed over (planned, intent, not_submitted)
    std::int64_t unknown = 0;  // unknown and for_review
    std::int64_t waiting = 0;
    std::int64_t delivered = 0;
    std::int64_t not_friend = 0;
    std::int64_t capped = 0;
    std::int64_t rejected = 0;
    std::int64_t cancelled = 0;
    std::int64_t doubled_tasks = 0;  // second msgids found and cancelled
};

class PushLedger {
public:
    PushLedger(JobQueue& jobs, const Clock& clock, IdSource& ids)
        : jobs_(jobs), clock_(clock), ids_(ids) {}

    static std::optional<BatchView> batch(Snapshot& s, CorpId corp, BatchId id);
    // Without content and external_userids; oldest first, after `after`.
    static std::vector<BatchView> batches_of(
        Snapshot& s, CorpId corp, PushId push, BatchId after = {}, int limit = 500
    );
    // Batches of every push of the corp in one state, oldest first (lists for people, metrics).
    // Without content.
    static std::vector<BatchView> batches_in(
        Snapshot& s, CorpId corp, RecipientState state, int limit = 500
    );
    // Recipients whose outcome is unknown or for review, over all corps (leadbridge_push_unknown).
    static std::int64_t unknown_recipients(Snapshot& s);
    static PushCounts counts(Snapshot& s, CorpId corp, PushId push);

    // Commits the intent. Of batches with equal (corp, sender, content) only one is in state
    // intent, unknown or for_review. An intent of an earlier holder whose lease has ended becomes
    // unknown here (stop); one still leased gives wait.
    Result<IntentDecision> begin_intent(
        Transaction& tx,
        CorpId corp,
        BatchId id,
        std::string_view request_hash,
        const IntentHolder& holder
    );
    // The call was certainly not carried out: back to planned; the same job may begin again.
    Status abandon_intent(Transaction& tx, CorpId corp, BatchId id, int attempt);
    // Accepts a late answer of an attempt that was meanwhile unknown. When the batch already has
    // another msgid or another attempt in flight, the msgid is recorded as a doubled task instead
    // and this answers `second`: cancel it upstream, now.
    enum class Submitted : std::uint8_t { first, second };
    Result<Submitted> record_submitted(
        Transaction& tx,
        CorpId corp,
        BatchId id,
        int attempt,
        std::string_view msgid,
        const std::vector<std::string>& fail_list
    );
    Status record_rejected(
        Transaction& tx, CorpId corp, BatchId id, int attempt, int errcode, std::string_view error
    );
    Status record_unknown(
        Transaction& tx, CorpId corp, BatchId id, int attempt, std::string_view error
    );

    // Of the tasks found, those that no batch of ours owns, with equal content, whose only userid
    // is the batch's sender.
    static std::vector<std::string> found_for(
        Snapshot& s, CorpId corp, const BatchView& batch, const std::vector<FoundTask>& tasks
    );
    Status resolve_found(
        Transaction& tx, CorpId corp, BatchId id, int attempt, std::string_view msgid
    );
    Status resolve_for_review(
        Transaction& tx,
        CorpId corp,
        BatchId id,
        int attempt,
        const std::vector<std::string>& msgids
    );
    // Nothing found: the time of the next look (+5 min, +15 min after the intent), or nullopt: not
    // submitted, back to planned with SendPushBatch enqueued (cancelled when the push is; rejected
    // after 5 attempts).
    Result<std::optional<UnixMillis>> resolve_none(
        Transaction& tx, CorpId corp, BatchId id, int attempt
    );
    // A person decided a batch for review: msgid = it is this task; empty = it was not submitted.
    Status decide_review(Transaction& tx, CorpId corp, BatchId id, std::string_view msgid);

    // Every msgid that a batch of the corp owns (first or doubled), made at or after since_ms (by
    // its batch's intent).
    static std::vector<std::string> owned_msgids(Snapshot& s, CorpId corp, UnixMillis since_ms = 0);
    static bool owns_msgid(Snapshot& s, CorpId corp, std::string_view msgid);

    // <= 500 rows. Unknown external_userids and settled rows are ignored; waiting -> delivered |
    // not_friend | capped, with a timeline event.
    Status record_results(Transaction& tx, CorpId corp, BatchId id, std::span<const SendRow> rows);
    Status record_confirmed(Transaction& tx, CorpId corp, BatchId id, UnixMillis send_ms);
    // After a whole poll: when to poll again, or nullopt when the batch is final or 30 days old.
    Result<std::optional<UnixMillis>> record_polled(Transaction& tx, CorpId corp, BatchId id);
    // The task was cancelled upstream (41093 = done too): waiting recipients become cancelled.
    Status record_cancelled(Transaction& tx, CorpId corp, BatchId id);
    // Counts a reminder before it is sent, once per batch and command (its job); ErrorCode::limited
    // when three were sent within 24 h (41094). stop: this command or a newer one has begun it
    // before; without an answer of its call by now it is unknown.
    enum class Remind : std::uint8_t { go, stop };
    Result<Remind> begin_remind(Transaction& tx, CorpId corp, BatchId id, JobId command);
    Status record_reminded(
        Transaction& tx, CorpId corp, BatchId id, JobId command, RemindState state
    );
    // The poll found a second task of a submitted batch: owned and counted from now on; cancel it
    // upstream before members confirm.
    Status record_second(Transaction& tx, CorpId corp, BatchId id, std::string_view msgid);

    // At start, before any worker runs: every intent of an earlier process becomes unknown with a
    // ResolvePushBatch at +60 s. later: only those whose lease has ended (several daemons on one
    // database). Returns how many (<= 500 a call; repeat until 0).
    enum class Lost : std::uint8_t { all, lease_ended };
    int recover_intents(Transaction& tx, Lost lost);

private:
    JobQueue& jobs_;
    const Clock& clock_;
    IdSource& ids_;
};

}  // namespace leadbridge::crm
