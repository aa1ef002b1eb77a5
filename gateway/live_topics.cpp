#include "gateway/live_topics.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace leadbridge::gateway {

namespace {

using crm::Permission;

constexpr std::int64_t longest_replay_ms = 5 * 60'000;

struct TopicRow {
    std::string_view name;  // "contact:" takes an id
    ChangeSource source;
    Permission permission;
    TopicGuard guard;
};

constexpr std::array topics = {
    TopicRow{"contacts", ChangeSource::core, Permission::contacts_read, TopicGuard::contact},
    TopicRow{"contact:", ChangeSource::core, Permission::contacts_read, TopicGuard::contact},
    TopicRow{"feed", ChangeSource::core, Permission::contacts_read, TopicGuard::contact},
    TopicRow{"leads", ChangeSource::core, Permission::leads_read, TopicGuard::lead},
    TopicRow{"lead:", ChangeSource::core, Permission::leads_read, TopicGuard::lead},
    TopicRow{"channels", ChangeSource::core, Permission::channels_read, TopicGuard::none},
    TopicRow{"channel:", ChangeSource::core, Permission::channels_read, TopicGuard::none},
    TopicRow{"tags", ChangeSource::core, Permission::tags_read, TopicGuard::none},
    TopicRow{"segments", ChangeSource::core, Permission::segments_read, TopicGuard::none},
    TopicRow{"pushes", ChangeSource::core, Permission::pushes_read, TopicGuard::none},
    TopicRow{"push:", ChangeSource::core, Permission::pushes_read, TopicGuard::none},
    TopicRow{"sources", ChangeSource::core, Permission::sources_read, TopicGuard::none},
    TopicRow{"members", ChangeSource::core, Permission::members_read, TopicGuard::none},
    TopicRow{"groups", ChangeSource::core, Permission::contacts_read, TopicGuard::nobody},
    TopicRow{"operations", ChangeSource::core, Permission::own, TopicGuard::none},
    TopicRow{"operation:", ChangeSource::core, Permission::own, TopicGuard::none},
    TopicRow{"users", ChangeSource::core, Permission::users_admin, TopicGuard::none},
    TopicRow{"setup", ChangeSource::core, Permission::corps_read, TopicGuard::none},
    TopicRow{"inbox", ChangeSource::core, Permission::system_read, TopicGuard::none},
    TopicRow{"health", ChangeSource::core, Permission::system_read, TopicGuard::none},
    TopicRow{"archive", ChangeSource::archive, Permission::archive_read, TopicGuard::conversation},
    TopicRow{
        "conversation:", ChangeSource::archive, Permission::archive_read, TopicGuard::conversation},
};

// Rows of a change log to topics.
struct NewsRow {
    ChangeSource source;
    std::string_view from;
    std::string_view to;  // "contact:" with the row's id behind it
};

constexpr std::array news = {
    NewsRow{ChangeSource::core, "contact", "contacts"},
    NewsRow{ChangeSource::core, "contact", "contact:"},
    NewsRow{ChangeSource::core, "timeline", "feed"},  // its id is the contact's
    NewsRow{ChangeSource::core, "timeline", "contact:"},
    NewsRow{ChangeSource::core, "lead", "leads"},
    NewsRow{ChangeSource::core, "lead", "lead:"},
    NewsRow{ChangeSource::core, "channel", "channels"},
    NewsRow{ChangeSource::core, "channel", "channel:"},
    NewsRow{ChangeSource::core, "tag", "tags"},
    NewsRow{ChangeSource::core, "segment", "segments"},
    NewsRow{ChangeSource::core, "push", "pushes"},
    NewsRow{ChangeSource::core, "push", "push:"},
    NewsRow{ChangeSource::core, "source", "sources"},
    NewsRow{ChangeSource::core, "source", "setup"},
    NewsRow{ChangeSource::core, "corp", "setup"},
    NewsRow{ChangeSource::core, "setup", "setup"},
    NewsRow{ChangeSource::core, "corp", "health"},
    NewsRow{ChangeSource::core, "member", "members"},
    NewsRow{ChangeSource::core, "department", "members"},
    NewsRow{ChangeSource::core, "group", "groups"},
    NewsRow{ChangeSource::core, "operations", "operations"},
    NewsRow{ChangeSource::core, "operations", "operation:"},
    NewsRow{ChangeSource::core, "user", "users"},
    NewsRow{ChangeSource::core, "inbox", "inbox"},
    NewsRow{ChangeSource::core, "inbox", "health"},
    NewsRow{ChangeSource::core, "contact_sync", "health"},
    NewsRow{ChangeSource::archive, "conversation", "archive"},
    NewsRow{ChangeSource::archive, "conversation", "conversation:"},
};

const TopicRow* row_of(std::string_view name) {
    const auto* found = std::find_if(topics.begin(), topics.end(), [&](const TopicRow& row) {
        return row.name == name;
    });
    return found == topics.end() ? nullptr : found;
}

}  // namespace

std::optional<LiveTopic> live_topic(std::string_view name) {
    const std::size_t colon = name.find(':');
    const TopicRow* row =
        row_of(colon == std::string_view::npos ? name : name.substr(0, colon + 1));
    if (row == nullptr) {
        return std::nullopt;
    }
    LiveTopic topic{std::string(name), row->source, row->permission, row->guard, 0};
    if (colon == std::string_view::npos) {
        return topic;
    }
    const auto id = parse_id(name.substr(colon + 1));
    // One spelling of an id only: the topic's name is what changes are found by.
    if (!id || *id <= 0 || std::to_string(*id) != name.substr(colon + 1)) {
        return std::nullopt;
    }
    topic.id = *id;
    return topic;
}

std::vector<LiveNews> news_of(ChangeSource source, const ChangeRecord& change) {
    std::vector<LiveNews> out;
    for (const NewsRow& row : news) {
        if (row.source == source && row.from == change.topic) {
            std::string topic(row.to);
            topic += row.to.ends_with(':') ? std::to_string(change.id) : "";
            out.push_back({std::move(topic), row_of(row.to)->guard});
        }
    }
    return out;
}

std::string change_frame(std::string_view topic, const ChangeRecord& change) {
    return to_text(json::object{
        {"topic", topic},
        {"seq", std::to_string(change.n)},
        {"type", change.kind},
        {"id", std::to_string(change.id)},
        {"patch", nullptr}});
}

ResumeStep resume_step(const ResumePoint& at) noexcept {
    if (at.seq == at.cursor) {
        return ResumeStep::nothing_missed;
    }
    const bool of_another_log = at.seq <= 0 || at.seq > at.cursor;
    const bool trimmed = at.oldest == 0 || at.oldest > at.seq + 1;
    const bool too_much = at.missed > most_replayed;
    const bool too_old = at.first_missed != 0 && at.now - at.first_missed > longest_replay_ms;
    return of_another_log || trimmed || too_much || too_old ? ResumeStep::resync
                                                            : ResumeStep::replay;
}

}  // namespace leadbridge::gateway
