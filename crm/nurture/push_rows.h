#pragma once
// Rows of the push tables as the files of this room share them. Not for other rooms: they use
// push.h and push_ledger.h.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "base/job_queue.h"
#include "crm/nurture/push_ledger.h"

namespace leadbridge::crm {

inline constexpr std::int64_t first_look_ms = 60'000;
inline constexpr std::int64_t second_look_ms = 300'000;
inline constexpr std::int64_t third_look_ms = 900'000;
inline constexpr int max_attempts = 5;

inline constexpr std::string_view plan_queue = "push.plan";

// What remains to be planned of a push: slices, then queueing its batches.
enum class PlanStep : std::uint8_t { recipients = 0, queueing = 1, complete = 2 };

enum class BatchClosed : std::uint8_t {
    open = 0,
    waiting_ended = 1,    // no more polls; who still waits stays waiting
    absent_rejected = 2,  // the member sent it long ago: who is in no result was never in the task
};

struct BatchRow {
    CorpId corp;
    BatchId id;
    PushId push;
    MemberId sender_id;
    std::string sender;
    std::string content_hash;
    std::int64_t n = 0;
    std::int64_t settled = 0;
    RecipientState state = RecipientState::planned;
    BatchClosed closed = BatchClosed::open;
    int attempt = 0;
    std::string request_hash;
    std::int64_t fence = 0;
    UnixMillis lease_until = 0;
    UnixMillis intent_ms = 0;
    UnixMillis unknown_ms = 0;
    UnixMillis submitted_ms = 0;
    UnixMillis confirmed_ms = 0;
    int looks = 0;
    std::string msgid;
    int errcode = 0;
    std::string reminds;
    JobId remind_job;
    RemindState remind_state = RemindState::none;
    PushStatus push_status = PushStatus::draft;
    PlanStep plan_step = PlanStep::recipients;
    UnixMillis doubt_ms = 0;  // push_restore.h

    bool final() const noexcept;
};

std::optional<BatchRow> load_batch(Snapshot& s, CorpId corp, BatchId id);
BatchRow batch_row(const Row& row);
extern const std::string_view
    batch_columns;  // of push_batch b joined with push p, as batch_row reads them

void add_count(Transaction& tx, CorpId corp, PushId push, std::string_view kind, std::int64_t n);
// Sets the push to done when every batch is final. Cheap unless the push is sending.
void finish_push(Transaction& tx, CorpId corp, PushId push, UnixMillis now);

// The id under a key of a job's payload.
std::optional<std::int64_t> id_in(const Job& job, std::string_view key);

std::string encode_list(const std::vector<std::string>& list);  // JSON array
std::vector<std::string> decode_list(std::string_view text);

}  // namespace leadbridge::crm
