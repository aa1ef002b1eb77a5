#pragma once
// One round of the inbox as functions: which rows are due, what they say, and how they are settled.
// Used by InboxProcessor only.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/job_queue.h"
#include "connectors/connector.h"
#include "crm/touch.h"
#include "gateway/inbox.h"

namespace leadbridge::gateway {

struct InboxWork {
    InboxRow row;  // body still sealed until decode_work()
    std::int64_t object_hash = 0;
    int tries = 0;
    UnixMillis done_ms = 0;
    InboxState state = InboxState::ready;
    std::vector<crm::Touch> touches;  // by decode_work()
    std::optional<Parked> parked;     // likewise
    std::string failure;              // likewise; the row could not even be read
};

// Due rows, oldest first. A row waits while an older one of its object waits for its second try.
// Marks repeats.
std::vector<InboxWork> due_work(Snapshot& s, UnixMillis now, int limit);
std::optional<InboxWork> find_work(Snapshot& s, CorpId corp, const std::string& key);

// Opens the body and asks the connector. Never throws.
void decode_work(InboxWork& work, const Inbox& inbox, const std::vector<Connector*>& connectors);

using ApplyTouch = std::function<Status(Transaction&, const crm::Touch&)>;

enum class Settled : std::uint8_t { used, parked, not_ready };

// Settles one row with its effects. not_ready: somebody else (a person) settled it meanwhile. An
// Error is the row's.
Result<Settled> apply_work(
    Transaction& tx, const InboxWork& work, const ApplyTouch& apply, UnixMillis now
);

// Tells followers of the inbox once per corp that callbacks of the range were used; posts of forms
// are told one by one by apply_work().
void note_used(Transaction& tx, const InboxWork* first, const InboxWork* last);

// The row is tried again at run_at, or is dead when run_at is 0.
void fail_work(
    Transaction& tx,
    const InboxWork& work,
    std::string_view error,
    UnixMillis run_at,
    UnixMillis now
);

// Jobs that fetch again what the touch was about.
void refetch(Transaction& tx, JobQueue& jobs, const crm::Touch& touch);

// A wake-up for the archive and nothing else: it does not reach crm.
bool is_wake_up(const crm::Touch& touch) noexcept;

}  // namespace leadbridge::gateway
