#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "gateway/live_state.h"

namespace leadbridge::gateway {

namespace {

constexpr int batch_rows = 500;
constexpr int replay_rows = 1'000;

LiveText frame_of(const json::object& object) {
    return std::make_shared<const std::string>(to_text(object));
}

// Rows after which somebody's rights may be others.
bool changes_rights(const ChangeRecord& change) {
    return change.topic == "session" || change.topic == "user" || change.topic == "role" ||
           change.topic == "token";
}

// Of several equal changes of one row only the last is told; of the timeline each, for each is an
// event of its own.
std::vector<LiveChange> news_in(ChangeSource source, const std::vector<ChangeRecord>& changes) {
    std::vector<LiveChange> out;
    std::set<std::tuple<CorpId, std::string_view, std::int64_t, std::string_view>> seen;
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
        if (change->topic != "timeline" &&
            !seen.emplace(change->corp, change->topic, change->id, change->kind).second) {
            continue;
        }
        std::vector<LiveNews> told = news_of(source, *change);
        for (auto news = told.rbegin(); news != told.rend(); ++news) {
            out.push_back({&*change, std::move(*news)});
        }
    }
    std::reverse(out.begin(), out.end());
    return out;
}

}  // namespace

LiveText live_subscribed(std::string_view topic, std::int64_t cursor) {
    return frame_of({{"op", "subscribed"}, {"topic", topic}, {"seq", std::to_string(cursor)}});
}

LiveText live_resync(std::string_view topic) {
    return frame_of({{"op", "resync"}, {"topic", topic}});
}

LiveText live_refusal(std::string_view topic, std::string_view code) {
    return frame_of({{"op", "refused"}, {"topic", topic}, {"code", code}});
}

void Live::State::join(
    LiveClient& client, const LiveTopic& topic, std::optional<std::int64_t> seq
) {
    const bool known = client.topics.contains(topic.name);
    if (!known && client.topics.size() >= options.max_topics) {
        send(client, topic.name, live_refusal(topic.name, "too_many_topics"));
        return;
    }
    if (seq && !replay(client, topic, *seq)) {
        send(client, topic.name, live_resync(topic.name));
        return;
    }
    if (!known) {
        client.topics.emplace(topic.name, topic);
        followers[{client.corp, topic.name}].push_back(&client);
    }
    send(client, topic.name, live_subscribed(topic.name, log_of(topic.source).cursor));
}

// What was missed between seq and the channel's cursor. False: the client must read anew.
bool Live::State::replay(LiveClient& client, const LiveTopic& topic, std::int64_t seq) {
    LiveLog& from = log_of(topic.source);
    auto missed = from.db->read<std::optional<std::vector<ChangeRecord>>>(
        [&](Snapshot& s) -> Result<std::optional<std::vector<ChangeRecord>>> {
            const auto first = read_changes(s, seq, 1);
            const ResumeStep step = resume_step(
                {seq,
                 from.cursor,
                 s.number("SELECT MIN(n) FROM change_log"),
                 s.number(
                     "SELECT COUNT(*) FROM (SELECT 1 FROM change_log WHERE n > ? AND n <= ? LIMIT "
                     "?) missed",
                     {seq, from.cursor, most_replayed + 1}
                 ),
                 first.empty() ? 0 : first.front().ms,
                 services.clock.now()}
            );
            if (step == ResumeStep::resync) {
                return std::optional<std::vector<ChangeRecord>>{};
            }
            std::vector<ChangeRecord> out;
            for (std::int64_t at = seq; at < from.cursor;) {
                const auto page = read_changes(s, at, replay_rows);
                if (page.empty()) {
                    break;
                }
                for (const ChangeRecord& change : page) {
                    if (change.corp == client.corp && change.n <= from.cursor) {
                        out.push_back(change);
                    }
                }
                at = page.back().n;
            }
            return std::optional(std::move(out));
        }
    );
    if (!missed || !*missed) {
        return false;
    }
    for (const LiveChange& news : news_in(topic.source, **missed)) {
        if (news.told.topic == topic.name) {
            const std::string frame = change_frame(topic.name, *news.change);
            tell(client, news, std::make_shared<const std::string>(frame));
        }
    }
    return true;
}

void Live::State::follow(ChangeSource source) {
    LiveLog& log = log_of(source);
    while (true) {
        const auto changes = log.db->read<std::vector<ChangeRecord>>(
            [&](Snapshot& s) -> Result<std::vector<ChangeRecord>> {
                return read_changes(s, log.cursor, batch_rows);
            }
        );
        if (!changes || changes->empty()) {
            return;
        }
        visible_now.clear();
        for (const LiveChange& news : news_in(source, *changes)) {
            tell(news);
        }
        rights_changed =
            rights_changed || std::any_of(changes->begin(), changes->end(), changes_rights);
        log.cursor = changes->back().n;
    }
}

void Live::State::tell(const LiveChange& news) {
    LiveText frame;
    const auto tell_all = [&](const std::vector<LiveClient*>& list) {
        for (LiveClient* client : list) {
            if (frame == nullptr) {
                frame =
                    std::make_shared<const std::string>(change_frame(news.told.topic, *news.change)
                    );
            }
            tell(*client, news, frame);
        }
    };
    if (news.change->corp) {
        const auto found = followers.find({news.change->corp, news.told.topic});
        if (found != followers.end()) {
            tell_all(found->second);
        }
        return;
    }
    // A row of the whole machine concerns those who are of no single corp.
    for (const auto& [key, list] : followers) {
        if (key.second == news.told.topic) {
            std::vector<LiveClient*> far;
            std::copy_if(list.begin(), list.end(), std::back_inserter(far), [](LiveClient* client) {
                return !client->caller.lock()->corp;
            });
            tell_all(far);
        }
    }
}

void Live::State::tell(LiveClient& client, const LiveChange& news, const LiveText& frame) {
    const crm::Viewer viewer = client.viewer();
    if (viewer.scope != crm::Scope::all && news.told.guard != TopicGuard::none) {
        const auto [known, fresh] = visible_now.try_emplace(
            {viewer.corp, viewer.member, viewer.scope, news.told.guard, news.change->id}, false
        );
        if (fresh) {
            known->second = news.told.guard != TopicGuard::nobody &&
                            visible(viewer, news.told.guard, news.change->id);
        }
        if (!known->second) {
            return;
        }
    }
    send(client, news.told.topic, frame);
}

void Live::State::send(LiveClient& client, const std::string& topic, const LiveText& frame) {
    if (client.behind) {
        client.missed.insert(topic);
        dropped.add();
        return;
    }
    if (client.socket->send(frame) == WebSocket::Sent::full) {
        client.behind = true;
        client.behind_since = services.clock.steady_ms();
        client.missed.insert(topic);
        dropped.add();
    }
}

void Live::State::caught_up(LiveClient& client) {
    client.behind = false;
    const std::set<std::string> missed = std::exchange(client.missed, {});
    for (const std::string& topic : missed) {
        send(client, topic, live_resync(topic));
    }
}

}  // namespace leadbridge::gateway
