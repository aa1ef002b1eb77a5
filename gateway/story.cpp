#include "gateway/story.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/json.h"
#include "base/time_zone.h"
#include "connectors/wecom/welcome.h"
#include "crm/contacts/tag.h"
#include "crm/contacts/timeline.h"
#include "crm/leads/lead.h"
#include "crm/nurture/push.h"
#include "crm/staff/member.h"

namespace leadbridge::gateway {

struct Story::State {
    State(App& the_app, CorpId the_corp, std::function<void(const std::string&)> the_tell)
        : app(the_app), viewer(crm::Viewer::daemon(the_corp)), tell(std::move(the_tell)) {}

    App& app;
    const crm::Viewer viewer;
    const std::function<void(const std::string&)> tell;
    std::int64_t last_event = 0;
    std::int64_t last_welcome = 0;
    std::map<std::int64_t, std::string> pushes;  // what was last said of each
    std::mutex mutex;                            // guards stopping
    std::condition_variable wake;
    bool stopping = false;
    std::thread thread;

    std::string who(Snapshot& s, crm::ContactId id) const;
    std::string member(Snapshot& s, crm::MemberId id) const;
    std::string line_of(Snapshot& s, const crm::TimelineEvent& event) const;
    std::string arrival(Snapshot& s, const crm::TimelineEvent& event, std::string_view how) const;
    std::string chat(Snapshot& s, const crm::TimelineEvent& event) const;
    std::vector<std::string> news();
    void welcomes(Snapshot& s, std::vector<std::string>& lines);
    void push_progress(Snapshot& s, std::vector<std::string>& lines);
    void run();
};

std::string Story::State::who(Snapshot& s, crm::ContactId id) const {
    const auto contact = crm::find_contact(s, viewer, id);
    return contact && !contact->name.empty() ? contact->name : "(name not yet known)";
}

std::string Story::State::member(Snapshot& s, crm::MemberId id) const {
    const auto found = crm::MemberStore::find(s, viewer.corp, id);
    return found ? found->userid : "-";
}

// A scan or a form: who, which lead, which tags, whose.
std::string Story::State::arrival(
    Snapshot& s, const crm::TimelineEvent& event, std::string_view how
) const {
    std::string tags;
    for (const crm::Tag& tag : crm::tags_of(s, viewer, event.contact)) {
        tags += (tags.empty() ? "" : " ") + tag.name;
    }
    std::string lead = "-";
    std::string owner = "-";
    if (const auto found = crm::find_lead(s, viewer, event.lead)) {
        lead = fmt::format("{} ({})", found->id.value, crm::to_string(found->status));
        owner = member(s, found->owner);
    }
    return fmt::format(
        "{} {} → lead {} · tags [{}] · owner {}", how, who(s, event.contact), lead, tags, owner
    );
}

std::string Story::State::chat(Snapshot& s, const crm::TimelineEvent& event) const {
    auto detail = parse_json(event.detail);
    const json::object empty;
    const json::object& d = detail && detail->is_object() ? detail->get_object() : empty;
    return fmt::format(
        "chat  {} ↔ {}: {} from the contact, {} answers today",
        who(s, event.contact),
        member(s, event.member),
        json_int(d, "from_contact"),
        json_int(d, "from_member")
    );
}

std::string Story::State::line_of(Snapshot& s, const crm::TimelineEvent& event) const {
    if (event.kind == "friend_added") {
        return arrival(s, event, "scan ");
    }
    if (event.kind == "form_submitted") {
        return arrival(s, event, "form ");
    }
    if (event.kind == "messages_seen") {
        return chat(s, event);
    }
    if (event.kind == "friend_lost" || event.kind == "friend_deleted") {
        return fmt::format(
            "gone  {} is no longer a friend of {} ({})",
            who(s, event.contact),
            member(s, event.member),
            event.kind
        );
    }
    return {};
}

void Story::State::welcomes(Snapshot& s, std::vector<std::string>& lines) {
    std::int64_t newest = last_welcome;
    for (const wecom::WelcomeRow& row : wecom::list_welcomes(s, viewer.corp, 0, 20)) {
        if (row.inbox_id <= last_welcome || row.state == wecom::WelcomeState::intent) {
            continue;
        }
        newest = std::max(newest, row.inbox_id);
        lines.push_back(
            row.state == wecom::WelcomeState::sent
                ? fmt::format(
                      "hello welcome from {} accepted {} ms after the scan", row.userid, row.age_ms
                  )
                : fmt::format("hello welcome from {}: {}", row.userid, wecom::to_string(row.state))
        );
    }
    last_welcome = newest;
}

void Story::State::push_progress(Snapshot& s, std::vector<std::string>& lines) {
    for (const crm::Push& push :
         crm::PushStore::list(s, viewer, std::nullopt, crm::Page{0, 10}).items) {
        const crm::PushCounts counts = crm::PushLedger::counts(s, viewer.corp, push.id);
        std::string line = fmt::format(
            "push  \"{}\" {}: {} planned, {} waiting for members, {} delivered, {} not a friend, "
            "{} unknown",
            push.name,
            crm::to_string(push.status),
            counts.planned,
            counts.waiting,
            counts.delivered,
            counts.not_friend,
            counts.unknown
        );
        std::string& said = pushes[push.id.value];
        if (push.status != crm::PushStatus::draft && said != line) {
            said = line;
            lines.push_back(std::move(line));
        }
    }
}

std::vector<std::string> Story::State::news() {
    auto lines = app.services().core.read<std::vector<std::string>>(
        [&](Snapshot& s) -> Result<std::vector<std::string>> {
            std::vector<std::string> out;
            for (const crm::TimelineEvent& event :
                 crm::corp_events_after(s, viewer, last_event, 100)) {
                last_event = event.id;
                if (std::string line = line_of(s, event); !line.empty()) {
                    out.push_back(std::move(line));
                }
            }
            welcomes(s, out);
            push_progress(s, out);
            return out;
        }
    );
    return lines ? std::move(*lines) : std::vector<std::string>{};
}

void Story::State::run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
        lock.unlock();
        for (const std::string& line : news()) {
            tell(format_local(app.clock().now(), "Asia/Shanghai").substr(11) + "  " + line);
        }
        lock.lock();
        wake.wait_for(lock, std::chrono::milliseconds(500), [this] { return stopping; });
    }
}

Story::Story(App& app, CorpId corp, std::function<void(const std::string&)> tell)
    : state_(std::make_unique<State>(app, corp, std::move(tell))) {}

Story::~Story() {
    stop();
}

void Story::start() {
    state_->thread = std::thread([s = state_.get()] { s->run(); });
}

void Story::stop() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->wake.notify_all();
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
}

}  // namespace leadbridge::gateway
