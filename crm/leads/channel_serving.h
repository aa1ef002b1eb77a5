#pragma once
// Who of a channel's people serves, against the store: the question for who_serves, what WeCom was
// told, the history of swaps, and when to look again. Nothing here calls WeCom: a PushChannel job
// "serve" does (connectors/wecom/channel_sync).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crm/leads/channel.h"
#include "crm/leads/serving.h"

namespace leadbridge::crm {

// A channel with limits is looked at so often, for what no edge tells: a member that left.
inline constexpr std::int64_t serving_recheck_ms = 15 * 60'000;
// A refused member is offered to WeCom again after this time, or after the next edit.
inline constexpr std::int64_t refused_for_ms = 24LL * 3'600'000;

std::string refused_text(const std::vector<RefusedMember>& refused);
std::vector<RefusedMember> read_refused(std::string_view text);

// The adds of today are the friendships begun through this channel since the local midnight, half
// ones and such as have ended since too: they took the member's time.
ServingQuestion serving_question(Snapshot& s, const Channel& channel, UnixMillis now);

// The same with the adds of others hidden (-1) as far as the viewer may not see them.
void hide_adds(Snapshot& s, const Viewer& viewer, ServingQuestion& question);

// By intake, in its transaction: a job when this add filled the member's day.
void swap_when_full(
    Transaction& tx, const CrmServices& services, CorpId corp, ChannelId id, MemberId member
);

// Puts a job for each channel whose list may have to change by now; at most 200. Answers how many.
std::int64_t put_due_servings(Transaction& tx, const CrmServices& services, CorpId corp);
bool servings_due(Snapshot& s, CorpId corp, UnixMillis now);

// WeCom has this list now. Writes the swaps, the audit and when to look again.
void served(
    Transaction& tx,
    const CrmServices& services,
    const Channel& channel,
    const std::vector<std::string>& users,
    const std::vector<RefusedMember>& refused
);

struct ChannelSwap {
    std::int64_t id = 0;
    UnixMillis at_ms = 0;
    std::string userid;
    bool came_in = false;
    // in: "back" | "backup" | "kept"; out: a Duty, or "removed" from the channel
    std::string why;
};

// Newest first; the newest 500 of a channel are kept.
PageOf<ChannelSwap> list_swaps(Snapshot& s, const Viewer& viewer, ChannelId id, const Page& page);

}  // namespace leadbridge::crm
