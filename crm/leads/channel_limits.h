#pragma once
// Who of a channel's members receives when (排班·上限·备用员工): a daily cap and a rota for each
// member, and backups for when all are full or off. Times are minutes of the corp's local day.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leadbridge::crm {

struct RotaSlot {
    int weekday = 1;  // 1 Monday .. 7 Sunday: the day on which it begins
    int from = 0;     // 0..1439
    int to = 0;       // 1..1440, exclusive; not after `from` = it ends on the next day

    friend bool operator==(const RotaSlot&, const RotaSlot&) = default;
};

struct MemberLimit {
    std::string userid;          // a member of the channel
    int daily_cap = 0;           // friends a day through this channel, 1..10,000; 0 = no cap
    std::vector<RotaSlot> rota;  // empty = always on duty

    friend bool operator==(const MemberLimit&, const MemberLimit&) = default;
};

struct ChannelLimits {
    std::vector<MemberLimit> members;  // who is not named has neither cap nor rota
    std::vector<std::string> backups;  // userids beside the members, without limits of their own

    bool empty() const noexcept { return members.empty() && backups.empty(); }

    friend bool operator==(const ChannelLimits&, const ChannelLimits&) = default;
};

// JSON: {"members":[{"userid","daily_cap": number or null,"rota":[{"weekday","from","to"}]}],
// "backups":[userid]}. decode: null and {} are no limits; Error{invalid} names the field.
std::string encode_limits(const ChannelLimits& limits);
Result<ChannelLimits> decode_limits(std::string_view text);

// Drops what names nobody of `members`, and members without a limit.
void fit_limits(ChannelLimits& limits, const std::vector<std::string>& members);
// Error{rule_broken} with reason "limits". At most 100 members and 100 backups (page 92572: 100
// users), 42 slots a member, 1,400 in all.
Status check_limits(const ChannelLimits& limits, const std::vector<std::string>& members);

}  // namespace leadbridge::crm
