#pragma once
// The rows behind contact_sync.h: runs, and the members each covers. Private to contact_sync.cpp.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/wecom/contact_sync.h"

namespace leadbridge::wecom::sync_rows {

inline constexpr int full_width = 100;  // members per call: WeCom's limit

struct Run {
    SyncRun view;
    int width = full_width;
    std::string cursor;
    int restarts = 0;
};

Run create(Transaction& tx, CorpId corp, std::int64_t id, SyncKind kind, UnixMillis now);
std::optional<Run> find(Snapshot& s, CorpId corp, std::int64_t id);
std::optional<Run> unfinished(Snapshot& s, CorpId corp);
std::optional<Run> last(Snapshot& s, CorpId corp);
void save(Transaction& tx, const Run& run);

// Notes that the member is listed; true when he gets this place in the run.
bool place_member(Transaction& tx, const Run& run, const std::string& userid, int place);
// Forgets members that this listing did not name and returns their userids.
std::vector<std::string> drop_unlisted(Transaction& tx, const Run& run);
std::vector<std::string> members_at(Snapshot& s, const Run& run, int place, int count);
void mark_covered(Transaction& tx, const Run& run, int count, UnixMillis now);
// Returns how many of them were not marked in this run before.
int mark_unlicensed(Transaction& tx, const Run& run, const std::vector<std::string>& userids);
// The member at a place whose friendships were read whole; "" = none there.
std::string sweepable_member(Snapshot& s, const Run& run, int place);

// Touches of the run: applied once, however often a page is read.
Status apply(
    Transaction& tx,
    const WecomServices& services,
    const Run& run,
    const crm::ContactFetched& contact,
    UnixMillis at
);
Status apply_gone(
    Transaction& tx,
    const WecomServices& services,
    const Run& run,
    const std::string& userid,
    const std::string& external_userid
);

}  // namespace leadbridge::wecom::sync_rows
