#pragma once
// The inside of the live channel (live.h): its sockets, and the one thread that follows both change
// logs for all of them and owns what each follows. live_client.cpp: what a browser says.
// live_state.cpp: the thread and its commands. live_tell.cpp: from a change to frames.

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/change_log.h"
#include "base/guarded.h"
#include "gateway/live.h"
#include "gateway/live_topics.h"

namespace leadbridge::gateway {

using LiveText = std::shared_ptr<const std::string>;  // one frame, shared by its readers

LiveText live_subscribed(std::string_view topic, std::int64_t cursor);
LiveText live_resync(std::string_view topic);
LiveText live_refusal(std::string_view topic, std::string_view code);

class LiveClient;
using LiveClientPtr = std::shared_ptr<LiveClient>;  // shared by the server's session and the thread

struct LiveCommand {
    enum class Kind : std::uint8_t { hello, join, leave, drained, gone };
    Kind kind = Kind::gone;
    LiveClientPtr client;
    LiveTopic topic = {};
    std::optional<std::int64_t> seq = std::nullopt;  // join: to be replayed from; -1 = unreadable
};

// One of the two logs.
struct LiveLog {
    Database* db;  // not null
    std::int64_t cursor = 0;
};

struct LiveChange {
    const ChangeRecord* change;
    LiveNews told;
};

// Whose sockets are counted together: a user or a token.
std::string live_owner(const Caller& caller);

struct Live::State : std::enable_shared_from_this<Live::State> {
    State(LiveServices s, LiveOptions o);

    // Any thread.
    void put(LiveCommand command);
    void signal();
    bool visible(const crm::Viewer& viewer, TopicGuard guard, std::int64_t id) const;
    void release(const std::string& owner);

    // The live thread.
    void run();
    bool wait();  // false: stop
    void apply_guarded(LiveCommand& command);
    void apply(LiveCommand& command);
    void join(LiveClient& client, const LiveTopic& topic, std::optional<std::int64_t> seq);
    bool replay(LiveClient& client, const LiveTopic& topic, std::int64_t seq);
    void leave(LiveClient& client, const std::string& topic);
    void forget(LiveClient& client);
    void follow(ChangeSource source);
    void tell(const LiveChange& news);
    void tell(LiveClient& client, const LiveChange& news, const LiveText& frame);
    void send(LiveClient& client, const std::string& topic, const LiveText& frame);
    void caught_up(LiveClient& client);
    void check_rights();
    void check_rights(LiveClient& client);
    void close_slow();

    LiveLog& log_of(ChangeSource source) { return source == ChangeSource::core ? core : archive; }

    const LiveServices services;
    const LiveOptions options;
    Counter& dropped;
    Gauge& sockets;

    std::mutex mutex;
    std::condition_variable wake;
    std::vector<LiveCommand> commands;          // guarded by mutex
    bool woken = false;                         // guarded by mutex
    bool stopping = false;                      // guarded by mutex
    std::map<std::string, std::size_t> owners;  // guarded by mutex: sockets of each
    std::size_t open = 0;                       // guarded by mutex

    // Of the live thread.
    LiveLog core;
    LiveLog archive;
    std::map<std::pair<CorpId, std::string>, std::vector<LiveClient*>> followers;  // not null
    std::map<LiveClient*, LiveClientPtr> clients;
    std::map<std::tuple<CorpId, crm::MemberId, crm::Scope, TopicGuard, std::int64_t>, bool>
        visible_now;  // within one round
    bool rights_changed = false;
    std::int64_t rights_checked = 0;

    std::shared_ptr<void> core_changes;
    std::shared_ptr<void> archive_changes;
    std::thread thread;
};

class LiveClient final : public WebSocketListener, public std::enable_shared_from_this<LiveClient> {
public:
    LiveClient(std::shared_ptr<Live::State> state, Request sent, Caller who, CorpId in);
    ~LiveClient() override;

    LiveClient(const LiveClient&) = delete;
    LiveClient& operator=(const LiveClient&) = delete;

    crm::Viewer viewer() { return caller.lock()->viewer(corp); }

    // The server's threads.
    void opened(std::shared_ptr<WebSocket> to) override;
    void text(std::string said) override;
    void drained() override;
    void closed(std::uint16_t) override;

    const Request credentials;
    const CorpId corp;
    Guarded<Caller> caller;
    std::shared_ptr<WebSocket> socket;  // set before the first text
    std::atomic<std::size_t> waiting{0};

    // Of the live thread.
    std::map<std::string, LiveTopic> topics;
    bool behind = false;  // a frame was dropped: what it belonged to is in `missed`
    std::int64_t behind_since = 0;
    std::set<std::string> missed;
    bool gone = false;

private:
    std::string_view refused(const LiveTopic& topic);
    // seq: to resume from, -1 = unreadable.
    void follow(const std::string& name, std::optional<std::int64_t> seq);

    const std::string owner_;
    const std::shared_ptr<Live::State> state_;  // shared with Live, which may end first
};

}  // namespace leadbridge::gateway
