#pragma once
// Contact sync of a corp: get_follow_user_list (92571), then batch/get_by_user (92994) for 100
// members at a time. Each page is applied through intake and the cursor moves with it, so a run
// goes on where it stopped. A full run also ends the friendships that WeCom no longer names. An
// incremental run takes only the members no earlier run has covered.

#include <optional>
#include <string>
#include <vector>

#include "base/job_queue.h"
#include "connectors/wecom/services.h"

namespace leadbridge::wecom {

enum class SyncKind : std::uint8_t { full = 0, incremental = 1 };
enum class SyncStage : std::uint8_t { members = 0, contacts = 1, sweep = 2, done = 3, failed = 4 };
std::string_view to_string(SyncKind kind) noexcept;
std::string_view to_string(SyncStage stage) noexcept;

struct SyncRun {
    std::int64_t id = 0;
    CorpId corp;
    SyncKind kind = SyncKind::full;
    SyncStage stage = SyncStage::members;
    int members_total = 0;
    int members_done = 0;
    std::int64_t contacts = 0;  // friendships read
    int unlicensed = 0;         // members WeCom does not answer for
    UnixMillis started_ms = 0;
    UnixMillis finished_ms = 0;  // 0 = not finished
    std::string error;           // the last one; "" = none
};

// Makes a run and its job, or answers with the run that is under way (a full one replaces no
// incremental one: it waits).
std::int64_t start_contact_sync(
    Transaction& tx, const WecomServices& services, CorpId corp, SyncKind kind
);
std::optional<SyncRun> find_sync_run(Snapshot& s, CorpId corp, std::int64_t id);
std::optional<SyncRun> last_sync_run(Snapshot& s, CorpId corp);

// Works for about 20 s, then puts itself back, so that a long run neither holds a worker nor loses
// its lease. A payload without run_id starts a full run.
JobHandler sync_contacts_handler(const WecomServices& services);

}  // namespace leadbridge::wecom
