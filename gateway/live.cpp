#include "gateway/live.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/change_log.h"
#include "base/guarded.h"
#include "base/json.h"
#include "base/log.h"
#include "crm/contacts/contact.h"
#include "crm/leads/lead.h"
#include "gateway/live_topics.h"
#include "gateway/problem.h"

namespace leadbridge::gateway {

namespace {

using Text = std::shared_ptr<const std::string>;

constexpr int batch_rows = 500;
constexpr int replay_rows = 1'000;
constexpr auto tick = std::chrono::milliseconds(200);
constexpr auto pause_after_failure = std::chrono::seconds(1);

Text words(const json::object& object) {
    return std::make_shared<const std::string>(to_text(object));
}

Text refusal(std::string_view topic, std::string_view code) {
    return words({{"op", "refused"}, {"topic", topic}, {"code", code}});
}

Text resync(std::string_view topic) {
    return words({{"op", "resync"}, {"topic", topic}});
}

// Rows after which somebody's rights may be others.
bool changes_rights(const ChangeRecord& change) {
    return change.topic == "session" || change.topic == "user" || change.topic == "role" ||
           change.topic == "token";
}

struct News {
    const ChangeRecord* change;
    LiveNews told;
};

// Of several equal changes of one row only the last is told; of the timeline each, for each is an
// event of its own.
std::vector<News> news_in(ChangeSource source, const std::vector<ChangeRecord>& changes) {
    std::vector<News> out;
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

std::string owner_of(const Caller& caller) {
    return caller.corp.str() + " " + caller.actor;
}

}  // namespace

namespace {

class Client;
using ClientPtr = std::shared_ptr<Client>;  // shared by the server's session and the live thread

struct Command {
    enum class Kind : std::uint8_t { hello, join, leave, drained, gone };
    Kind kind = Kind::gone;
    ClientPtr client;
    LiveTopic topic = {};
    std::optional<std::int64_t> seq = std::nullopt;  // join: to be replayed from; -1 = unreadable
};

// One of the two logs.
struct Log {
    Database* db;  // not null
    std::int64_t cursor = 0;
};

}  // namespace

struct Live::State : std::enable_shared_from_this<Live::State> {
    State(LiveServices s, LiveOptions o);

    // Any thread.
    void put(Command command);
    void signal();
    bool visible(const crm::Viewer& viewer, TopicGuard guard, std::int64_t id) const;
    void release(const std::string& owner);

    // The live thread.
    void run();
    bool wait();  // false: stop
    void apply_guarded(Command& command);
    void apply(Command& command);
    void join(Client& client, const LiveTopic& topic, std::optional<std::int64_t> seq);
    bool replay(Client& client, const LiveTopic& topic, std::int64_t seq);
    void leave(Client& client, const std::string& topic);
    void forget(Client& client);
    void follow(ChangeSource source);
    void tell(const News& news);
    void tell(Client& client, const News& news, const Text& frame);
    void send(Client& client, const std::string& topic, const Text& frame);
    void caught_up(Client& client);
    void check_rights();
    void check_rights(Client& client);
    void close_slow();

    Log& log_of(ChangeSource source) { return source == ChangeSource::core ? core : archive; }

    const LiveServices services;
    const LiveOptions options;
    Counter& dropped;
    Gauge& sockets;

    std::mutex mutex;
    std::condition_variable wake;
    std::vector<Command> commands;              // guarded by mutex
    bool woken = false;                         // guarded by mutex
    bool stopping = false;                      // guarded by mutex
    std::map<std::string, std::size_t> owners;  // guarded by mutex: sockets of each
    std::size_t open = 0;                       // guarded by mutex

    // Of the live thread.
    Log core;
    Log archive;
    std::map<std::pair<CorpId, std::string>, std::vector<Client*>> followers;  // not null
    std::map<Client*, ClientPtr> clients;
    std::map<std::tuple<CorpId, crm::MemberId, crm::Scope, TopicGuard, std::int64_t>, bool>
        visible_now;  // within one round
    bool rights_changed = false;
    std::int64_t rights_checked = 0;

    std::shared_ptr<void> core_changes;
    std::shared_ptr<void> archive_changes;
    std::thread thread;
};

namespace {

class Client final : public WebSocketListener, public std::enable_shared_from_this<Client> {
public:
    Client(std::shared_ptr<Live::State> state, Request sent, Caller who, CorpId in)
        : credentials(std::move(sent)),
          corp(in),
          caller(std::move(who)),
          owner_(owner_of(*caller.lock())),
          state_(std::move(state)) {}

    ~Client() override { state_->release(owner_); }

    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    crm::Viewer viewer() { return caller.lock()->viewer(corp); }

    void opened(std::shared_ptr<WebSocket> to) override {
        socket = std::move(to);
        state_->put({Command::Kind::hello, shared_from_this()});
    }

    void text(std::string said) override;

    void drained() override { state_->put({Command::Kind::drained, shared_from_this()}); }

    void closed(std::uint16_t) override { state_->put({Command::Kind::gone, shared_from_this()}); }

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
    void ask(const json::object& frame, std::string_view op);

    const std::string owner_;
    const std::shared_ptr<Live::State> state_;  // shared with Live, which may end first
};

// "" = may be followed.
std::string_view Client::refused(const LiveTopic& topic) {
    if (!caller.lock()->may(topic.permission)) {
        return "permission_missing";
    }
    const crm::Viewer who = viewer();
    if (who.scope != crm::Scope::all && topic.guard == TopicGuard::nobody) {
        return "scope_missing";
    }
    if (topic.id != 0 && !state_->visible(who, topic.guard, topic.id)) {
        return "not_found";
    }
    return {};
}

void Client::ask(const json::object& frame, std::string_view op) {
    const std::string name = json_string(frame, "topic");
    if (name.size() > 64) {
        socket->close(websocket_policy, "bad topic");
        return;
    }
    const auto topic = live_topic(name);
    const std::string_view code = topic ? refused(*topic) : "unknown_topic";
    if (!code.empty()) {
        (void)socket->send(refusal(name, code));
        return;
    }
    Command command{Command::Kind::join, shared_from_this(), *topic};
    if (op == "resume") {
        const std::string seq = json_string(frame, "seq");
        command.seq = parse_id(seq).value_or(-1);
    }
    state_->put(std::move(command));
}

void Client::text(std::string said) {
    auto parsed = parse_json(said);
    if (!parsed || !parsed->is_object()) {
        socket->close(websocket_policy, "not a JSON object");
        return;
    }
    if (waiting >= state_->options.max_waiting) {
        socket->close(websocket_policy, "too many frames");
        return;
    }
    const json::object& frame = parsed->get_object();
    const std::string op = json_string(frame, "op");
    try {
        if (op == "subscribe" || op == "resume") {
            ask(frame, op);
        } else if (op == "unsubscribe") {
            Command command{Command::Kind::leave, shared_from_this()};
            command.topic.name = json_string(frame, "topic");
            state_->put(std::move(command));
        } else if (op != "pong") {
            socket->close(websocket_policy, "unknown op");
        }
    } catch (const DatabaseError& error) {
        log::warn("live", "the store failed", {{"error", error.what()}});
        socket->close(websocket_try_later, "the store does not answer");
    }
}

}  // namespace

Live::State::State(LiveServices s, LiveOptions o)
    : services(std::move(s)),
      options(std::move(o)),
      dropped(services.metrics.counter(
          "leadbridge_live_dropped_total", "Frames not sent to sockets that read too slowly"
      )),
      sockets(services.metrics.gauge("leadbridge_live_sockets", "Open sockets of the live channel")
      ),
      core{&services.core},
      archive{&services.archive} {}

void Live::State::put(Command command) {
    command.client->waiting += 1;
    {
        const std::lock_guard lock(mutex);
        commands.push_back(std::move(command));
        woken = true;
    }
    wake.notify_one();
}

void Live::State::signal() {
    {
        const std::lock_guard lock(mutex);
        woken = true;
    }
    wake.notify_one();
}

void Live::State::release(const std::string& owner) {
    const std::lock_guard lock(mutex);
    open -= 1;
    sockets.set(static_cast<double>(open));
    if (auto& count = owners[owner]; --count == 0) {
        owners.erase(owner);
    }
}

bool Live::State::visible(const crm::Viewer& viewer, TopicGuard guard, std::int64_t id) const {
    if (guard == TopicGuard::none) {
        return true;
    }
    if (guard == TopicGuard::conversation) {
        return services.messages.may_read(viewer, archive::ConversationId{id});
    }
    return services.core
        .read<bool>([&](Snapshot& s) -> Result<bool> {
            return guard == TopicGuard::contact
                       ? crm::find_contact(s, viewer, crm::ContactId{id}).has_value()
                       : crm::find_lead(s, viewer, crm::LeadId{id}).has_value();
        })
        .value_or(false);
}

bool Live::State::wait() {
    std::unique_lock lock(mutex);
    wake.wait_for(lock, tick, [&] { return woken || stopping; });
    woken = false;
    return !stopping;
}

void Live::State::run() {
    std::deque<Command> taken;  // a command leaves it when it is done, whatever fails before
    while (wait()) {
        {
            const std::lock_guard lock(mutex);
            std::move(commands.begin(), commands.end(), std::back_inserter(taken));
            commands.clear();
        }
        try {
            visible_now.clear();
            // First the logs: a cursor that another channel gave out is then never ahead of ours.
            follow(ChangeSource::core);
            follow(ChangeSource::archive);
            while (!taken.empty()) {
                Command command = std::move(taken.front());
                taken.pop_front();
                apply_guarded(command);
            }
            check_rights();
            close_slow();
        } catch (const std::exception& error) {
            log::warn("live", "cannot read changes; trying again", {{"error", error.what()}});
            std::unique_lock lock(mutex);
            wake.wait_for(lock, pause_after_failure, [&] { return stopping; });
            woken = true;  // what was taken is still to be done
        }
    }
}

// A failing store ends the socket it failed for: its browser comes back and resumes.
void Live::State::apply_guarded(Command& command) {
    try {
        apply(command);
    } catch (const DatabaseError& error) {
        log::warn("live", "the store failed", {{"error", error.what()}});
        command.client->socket->close(websocket_try_later, "the store does not answer");
    }
}

void Live::State::apply(Command& command) {
    Client& client = *command.client;
    client.waiting -= 1;
    switch (command.kind) {
        case Command::Kind::hello:
            clients.emplace(&client, command.client);
            return;
        case Command::Kind::join:
            if (!client.gone) {
                join(client, command.topic, command.seq);
            }
            return;
        case Command::Kind::leave:
            leave(client, command.topic.name);
            return;
        case Command::Kind::drained:
            caught_up(client);
            return;
        case Command::Kind::gone:
            forget(client);
            return;
    }
}

void Live::State::join(Client& client, const LiveTopic& topic, std::optional<std::int64_t> seq) {
    const bool known = client.topics.contains(topic.name);
    if (!known && client.topics.size() >= options.max_topics) {
        send(client, topic.name, refusal(topic.name, "too_many_topics"));
        return;
    }
    if (seq && !replay(client, topic, *seq)) {
        send(client, topic.name, resync(topic.name));
        return;
    }
    if (!known) {
        client.topics.emplace(topic.name, topic);
        followers[{client.corp, topic.name}].push_back(&client);
    }
    const std::string cursor = std::to_string(log_of(topic.source).cursor);
    send(client, topic.name, words({{"op", "subscribed"}, {"topic", topic.name}, {"seq", cursor}}));
}

// What was missed between seq and the channel's cursor. False: the client must read anew.
bool Live::State::replay(Client& client, const LiveTopic& topic, std::int64_t seq) {
    Log& from = log_of(topic.source);
    auto missed = from.db->read<std::optional<std::vector<ChangeRecord>>>(
        [&](Snapshot& s) -> Result<std::optional<std::vector<ChangeRecord>>> {
            const auto first = read_changes(s, seq, 1);
            const ResumeStep step = resume_step(
                {seq,
                 from.cursor,
                 s.number("SELECT MIN(n) FROM change_log"),
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
    for (const News& news : news_in(topic.source, **missed)) {
        if (news.told.topic == topic.name) {
            const std::string frame = change_frame(topic.name, *news.change);
            tell(client, news, std::make_shared<const std::string>(frame));
        }
    }
    return true;
}

void Live::State::leave(Client& client, const std::string& topic) {
    client.missed.erase(topic);
    if (client.topics.erase(topic) == 0) {
        return;
    }
    const auto found = followers.find({client.corp, topic});
    auto& list = found->second;
    list.erase(std::find(list.begin(), list.end(), &client));
    if (list.empty()) {
        followers.erase(found);
    }
}

void Live::State::forget(Client& client) {
    client.gone = true;
    while (!client.topics.empty()) {
        leave(client, std::string(client.topics.begin()->first));
    }
    clients.erase(&client);
}

void Live::State::follow(ChangeSource source) {
    Log& log = log_of(source);
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
        for (const News& news : news_in(source, *changes)) {
            tell(news);
        }
        rights_changed =
            rights_changed || std::any_of(changes->begin(), changes->end(), changes_rights);
        log.cursor = changes->back().n;
    }
}

void Live::State::tell(const News& news) {
    Text frame;
    const auto tell_all = [&](const std::vector<Client*>& list) {
        for (Client* client : list) {
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
            std::vector<Client*> far;
            std::copy_if(list.begin(), list.end(), std::back_inserter(far), [](Client* client) {
                return !client->caller.lock()->corp;
            });
            tell_all(far);
        }
    }
}

void Live::State::tell(Client& client, const News& news, const Text& frame) {
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

void Live::State::send(Client& client, const std::string& topic, const Text& frame) {
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

void Live::State::caught_up(Client& client) {
    client.behind = false;
    const std::set<std::string> missed = std::exchange(client.missed, {});
    for (const std::string& topic : missed) {
        send(client, topic, resync(topic));
    }
}

void Live::State::close_slow() {
    const std::int64_t now = services.clock.steady_ms();
    for (const auto& [client, owner] : clients) {
        if (client->behind && now - client->behind_since > options.slow_ms) {
            client->socket->close(websocket_policy, "reads too slowly");
        }
    }
}

void Live::State::check_rights() {
    const std::int64_t now = services.clock.steady_ms();
    if (!rights_changed && now - rights_checked < options.check_every_ms) {
        return;
    }
    const std::map<Client*, ClientPtr> all = clients;
    for (const auto& [client, owner] : all) {
        if (rights_changed) {
            check_rights(*client);
        } else if (!services.sessions.alive(*client->caller.lock())) {
            client->socket->close(live_signed_out, "signed out");
            forget(*client);
        }
    }
    rights_changed = false;
    rights_checked = now;
}

void Live::State::check_rights(Client& client) {
    auto caller = services.sessions.resolve(client.credentials);
    // Somebody of one corp who is now of another, or of none, signs in anew.
    if (!caller || (caller->corp && caller->corp != client.corp)) {
        client.socket->close(live_signed_out, "signed out");
        forget(client);
        return;
    }
    *client.caller.lock() = *caller;
    const auto topics = client.topics;
    for (const auto& [name, topic] : topics) {
        const bool narrowed = topic.guard == TopicGuard::nobody && caller->scope != crm::Scope::all;
        if (narrowed || !caller->may(topic.permission)) {
            leave(client, name);
            send(client, name, refusal(name, "permission_missing"));
        }
    }
}

Live::Live(LiveServices services, LiveOptions options)
    : state_(std::make_shared<State>(std::move(services), std::move(options))) {}

Live::~Live() {
    stop();
}

void Live::start() {
    State& s = *state_;
    const auto newest = [](Database& db) {
        return db
            .read<std::int64_t>([](Snapshot& at) -> Result<std::int64_t> {
                return last_change(at);
            })
            .value_or(0);
    };
    s.core.cursor = newest(s.services.core);
    s.archive.cursor = newest(s.services.archive);
    s.rights_checked = s.services.clock.steady_ms();
    const auto wake = [weak = std::weak_ptr<State>(state_)] {
        if (const auto state = weak.lock()) {
            state->signal();
        }
    };
    s.core_changes = s.services.core.on_change(wake);
    s.archive_changes = s.services.archive.on_change(wake);
    s.thread = std::thread([state = state_.get()] { state->run(); });
}

void Live::stop() {
    State& s = *state_;
    if (!s.thread.joinable()) {
        return;
    }
    s.core_changes.reset();
    s.archive_changes.reset();
    {
        const std::lock_guard lock(s.mutex);
        s.stopping = true;
    }
    s.wake.notify_one();
    s.thread.join();
    s.followers.clear();
    s.clients.clear();
    std::vector<Command> left;
    {
        const std::lock_guard lock(s.mutex);
        left.swap(s.commands);
    }
}

Result<std::shared_ptr<WebSocketListener>> Live::admit(const Request& request) {
    State& s = *state_;
    auto caller = s.services.sessions.authenticate(request);
    if (!caller) {
        return std::move(caller).error();
    }
    if (caller->anonymous) {
        return Error{
            ErrorCode::unauthenticated,
            "sign in, or send Authorization: Bearer TOKEN",
            "token_missing"};
    }
    // A cookie comes along from any page; a token only from who knows it.
    if (caller->session && !s.services.sessions.same_origin(request)) {
        return Error{
            ErrorCode::forbidden,
            "the request comes from another site; behind a proxy set server.public_url",
            "bad_origin"};
    }
    auto corp = s.services.corp(request, *caller);
    if (!corp) {
        return std::move(corp).error();
    }
    {
        const std::lock_guard lock(s.mutex);
        const std::string owner = owner_of(*caller);
        const auto known = s.owners.find(owner);
        const std::size_t own = known == s.owners.end() ? 0 : known->second;
        if (s.stopping || s.open >= s.options.max_sockets || own >= s.options.max_sockets_of_one) {
            return Error{
                ErrorCode::overloaded, "too many live sockets are open", "too_many_sockets"};
        }
        s.owners[owner] = own + 1;
        s.open += 1;
        s.sockets.set(static_cast<double>(s.open));
    }
    Request credentials;
    for (const std::string_view name : {"Authorization", "Cookie", "Host", "Origin"}) {
        if (request.headers.has(name)) {
            credentials.headers.set(name, std::string(request.headers.get(name)));
        }
    }
    credentials.remote_address = request.remote_address;
    return std::shared_ptr<WebSocketListener>(
        std::make_shared<Client>(state_, std::move(credentials), std::move(*caller), *corp)
    );
}

void Live::handle(Request&& request, const Responder& responder) {
    if (!asks_for_websocket(request)) {
        Response response = problem(
            Error{ErrorCode::invalid, "this is a WebSocket: ask for an upgrade", "no_upgrade"},
            request.request_id
        );
        response.status = 426;
        responder.respond(std::move(response));
        return;
    }
    auto listener = admit(request);
    if (!listener) {
        responder.respond(problem(listener.error(), request.request_id));
        return;
    }
    responder.upgrade({std::move(request), *std::move(listener), state_->options.socket});
}

}  // namespace leadbridge::gateway
