#pragma once
// The contact way of a channel at WeCom (page 92572): made, found again, told who serves. An update
// overwrites the whole user list, and one member who is not activated or not real-name (41054)
// fails it without being named. WayOffer finds him: it offers the list, then halves of it, and
// keeps whom WeCom takes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/job_queue.h"
#include "connectors/wecom/services.h"
#include "crm/leads/channel.h"

namespace leadbridge::wecom {

struct Way {
    std::string config_id;
    std::string qr_code;
};

// The way with this state among those made since then; nullopt = WeCom has none.
Result<std::optional<Way>> find_way(
    const WecomServices& s, CorpId corp, std::string_view state, UnixMillis since_ms
);

class WayOffer {
public:
    // All outlive it. A channel without a config_id gets a way; at a repeated try it is looked for
    // first.
    WayOffer(const WecomServices& s, const Job& job, const crm::Channel& channel)
        : s_(s), job_(job), channel_(channel), way_{channel.config_id, channel.qr_code} {}

    // At most two calls for each member that is refused, and one for each halving. An error is of
    // the call, not of a member: what WeCom has by then is a part of the list.
    Status offer(const std::vector<std::string>& users);

    const Way& way() const noexcept { return way_; }

    const std::vector<std::string>& accepted() const noexcept { return accepted_; }

    // With the reason, until tomorrow.
    const std::vector<crm::RefusedMember>& refused() const noexcept { return refused_; }

private:
    Status tell(const std::vector<std::string>& users);
    Status make(const std::vector<std::string>& users);
    Status overwrite(const std::vector<std::string>& users);

    const WecomServices& s_;
    const Job& job_;
    const crm::Channel& channel_;
    Way way_;
    std::vector<std::string> accepted_;
    std::vector<crm::RefusedMember> refused_;
};

}  // namespace leadbridge::wecom
