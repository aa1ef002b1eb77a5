#include "base/json.h"
#include "base/log.h"
#include "gateway/live_state.h"

namespace leadbridge::gateway {

LiveClient::LiveClient(std::shared_ptr<Live::State> state, Request sent, Caller who, CorpId in)
    : credentials(std::move(sent)),
      corp(in),
      caller(std::move(who)),
      owner_(live_owner(*caller.lock())),
      state_(std::move(state)) {}

LiveClient::~LiveClient() {
    state_->release(owner_);
}

void LiveClient::opened(std::shared_ptr<WebSocket> to) {
    socket = std::move(to);
    state_->put({LiveCommand::Kind::hello, shared_from_this()});
}

void LiveClient::drained() {
    state_->put({LiveCommand::Kind::drained, shared_from_this()});
}

void LiveClient::closed(std::uint16_t) {
    state_->put({LiveCommand::Kind::gone, shared_from_this()});
}

// "" = may be followed.
std::string_view LiveClient::refused(const LiveTopic& topic) {
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

void LiveClient::follow(const std::string& name, std::optional<std::int64_t> seq) {
    if (name.size() > 64) {
        socket->close(websocket_policy, "bad topic");
        return;
    }
    const auto topic = live_topic(name);
    const std::string_view code = topic ? refused(*topic) : "unknown_topic";
    if (!code.empty()) {
        (void)socket->send(live_refusal(name, code));
        return;
    }
    state_->put({LiveCommand::Kind::join, shared_from_this(), *topic, seq});
}

void LiveClient::text(std::string said) {
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
    const std::string topic = json_string(frame, "topic");
    try {
        if (op == "subscribe") {
            follow(topic, std::nullopt);
        } else if (op == "resume") {
            const std::string seq = json_string(frame, "seq");
            follow(topic, parse_id(seq).value_or(-1));
        } else if (op == "unsubscribe") {
            state_->put({LiveCommand::Kind::leave, shared_from_this(), {topic}});
        } else if (op != "pong") {
            socket->close(websocket_policy, "unknown op");
        }
    } catch (const DatabaseError& error) {
        log::warn("live", "the store failed", {{"error", error.what()}});
        socket->close(websocket_try_later, "the store does not answer");
    }
}

}  // namespace leadbridge::gateway
