#pragma once
// /api/v1/live: tells browsers over WebSockets what changed, by following the change logs. One
// thread follows both logs for all sockets and owns what each socket follows.
//
// Client: {"op": "subscribe" | "unsubscribe" | "resume" | "pong", "topic", "seq"}.
// Server: {"topic", "seq", "type", "id", "patch"}, {"op": "subscribed", "topic", "seq"},
//         {"op": "resync", "topic"}: too much was missed, read the data anew and subscribe,
//         {"op": "refused", "topic", "code"}.
// `seq` is opaque. A socket closes with 4401 when its session or token is no longer good.

#include <functional>
#include <memory>

#include "archive/message_store.h"
#include "base/clock.h"
#include "base/database.h"
#include "base/http_types.h"
#include "base/metrics.h"
#include "base/websocket.h"
#include "gateway/sessions.h"

namespace leadbridge::gateway {

struct LiveOptions {
    std::size_t max_sockets = 1'000;
    std::size_t max_sockets_of_one = 20;   // user or token
    std::size_t max_topics = 100;          // of one socket
    std::size_t max_waiting = 200;         // frames of one socket not yet looked at
    std::int64_t slow_ms = 30'000;         // a reader that is behind for longer is closed
    std::int64_t check_every_ms = 60'000;  // whether sessions still hold
    WebSocketLimits socket = {};
};

// The corp a request speaks of.
using CorpChoice = std::function<Result<CorpId>(const Request&, const Caller&)>;

struct LiveServices {
    Database& core;
    Database& archive;
    Sessions& sessions;
    const Clock& clock;
    Metrics& metrics;
    CorpChoice corp;
    const archive::MessageStore& messages;
};

class Live {
public:
    explicit Live(LiveServices services, LiveOptions options = {});
    ~Live();  // stop()

    void start();
    // The sockets are the server's: stop it first.
    void stop();

    // A request for /api/v1/live: becomes a socket, or gets a problem.
    void handle(Request&& request, const Responder& responder);
    // The same without a connection: what would listen to the socket.
    Result<std::shared_ptr<WebSocketListener>> admit(const Request& request);

    struct State;  // live_state.h: of this room only

private:
    std::shared_ptr<State> state_;  // shared with the listeners, which the server may free last
};

inline constexpr std::uint16_t live_signed_out = 4401;

}  // namespace leadbridge::gateway
