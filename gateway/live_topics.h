#pragma once
// What can be followed on the live channel: each topic with the permission it wants, and which rows
// of the change logs it is told of. Ids and kinds only, never a text. Pure functions.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/change_log.h"
#include "base/clock.h"
#include "crm/staff/permission.h"

namespace leadbridge::gateway {

// The databases have a change log each; a cursor belongs to one of them.
enum class ChangeSource : std::uint8_t { core, archive };

// Whose ids a viewer with a scope below all may be told: decided per id. `nobody`: such a viewer
// cannot follow the topic.
enum class TopicGuard : std::uint8_t { none, contact, lead, conversation, nobody };

struct LiveTopic {
    std::string name;  // as the client writes it: "contacts", "contact:12"
    ChangeSource source = ChangeSource::core;
    crm::Permission permission = crm::Permission::none;
    TopicGuard guard = TopicGuard::none;
    std::int64_t id = 0;  // of "contact:12"; 0 = of a whole kind
};

// Nothing when there is no such topic.
std::optional<LiveTopic> live_topic(std::string_view name);

struct LiveNews {
    std::string topic;
    TopicGuard guard = TopicGuard::none;
};

// The topics that are told of one change.
std::vector<LiveNews> news_of(ChangeSource source, const ChangeRecord& change);

// The frame of one change: {"topic", "seq", "type", "id", "patch": null}.
std::string change_frame(std::string_view topic, const ChangeRecord& change);

struct ResumePoint {
    std::int64_t seq = 0;         // where the client stands
    std::int64_t cursor = 0;      // where the channel stands
    std::int64_t oldest = 0;      // first row the log still has; 0 = it is empty
    std::int64_t missed = 0;      // rows between the two; beyond most_replayed it need not go on
    UnixMillis first_missed = 0;  // time of the row after seq; 0 = there is none
    UnixMillis now = 0;
};

inline constexpr std::int64_t most_replayed = 20'000;  // rows, of all topics and corps

enum class ResumeStep : std::uint8_t { nothing_missed, replay, resync };
// Replays what is at most five minutes old and not too much.
ResumeStep resume_step(const ResumePoint& at) noexcept;

}  // namespace leadbridge::gateway
