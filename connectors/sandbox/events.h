#pragma once
// Callbacks of WeCom in clear text, as the acts of people and of the admin console cause them.

#include <string>
#include <string_view>
#include <vector>

#include "connectors/sandbox/world.h"

namespace leadbridge::sandbox {

// A clear-text event on its way to one callback of the company.
struct Event {
    std::string corpid;
    std::string callback;  // "app" | "contacts" | "archive"
    std::string clear;     // XML
    std::string what;      // "add_external_contact", ... for the journal
    std::string subject;   // external_userid, userid, chat or tag id
};

using Events = std::vector<Event>;

// change: ChangeType. more: further XML fields, "" = none.
std::string cdata(std::string_view name, std::string_view value);
Event contact_event(
    const Company& corp,
    std::string_view change,
    const Follow& follow,
    const std::string& more,
    UnixMillis now
);
// type: "tag" | "tag_group".
Event tag_event(
    const Company& corp,
    std::string_view change,
    const std::string& id,
    std::string_view type,
    UnixMillis now
);
Event group_event(
    const Company& corp,
    std::string_view change,
    const GroupChat& group,
    const std::string& more,
    UnixMillis now
);
Event member_event(
    const Company& corp,
    std::string_view change,
    const std::string& userid,
    const std::string& more,
    UnixMillis now
);
// There is new archive data (page 95039).
Event archive_notice(const Company& corp, UnixMillis now);

}  // namespace leadbridge::sandbox
