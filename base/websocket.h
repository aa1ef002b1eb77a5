#pragma once
// WebSockets (RFC 6455) on connections of HttpServer: a handler answers a request that asks for one
// with Responder::upgrade(). Text only; no extensions.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/http_types.h"

namespace leadbridge {

struct WebSocketLimits {
    std::size_t max_message_bytes = 4 << 10;    // of what the peer sends; more: 1009
    std::size_t max_queued_bytes = 256 << 10;   // of what waits for the peer
    std::int64_t idle_timeout_ms = 60'000;      // silent for so long, asked at half of it: closed
    std::int64_t handshake_timeout_ms = 3'000;  // of the opening and of the closing one
};

// Close codes that are ours to give.
inline constexpr std::uint16_t websocket_going_away = 1001;
inline constexpr std::uint16_t websocket_policy = 1008;
inline constexpr std::uint16_t websocket_try_later = 1013;

// The server's end of one socket. Thread-safe; may be kept after the end, and is then without
// effect.
class WebSocket {
public:
    enum class Sent : std::uint8_t {
        queued,
        full,    // not taken: the peer reads too slowly; WebSocketListener::drained() will come
        closed,  // not taken
    };

    virtual ~WebSocket() = default;
    // One text may be given to many sockets; it must be UTF-8.
    virtual Sent send(std::shared_ptr<const std::string> text) = 0;
    virtual void close(std::uint16_t code, std::string reason) = 0;
};

// What the application does with one socket. Calls never overlap, but for drained().
class WebSocketListener {
public:
    virtual ~WebSocketListener() = default;
    // First, on a web worker. The peer's texts wait until it returns.
    virtual void opened(std::shared_ptr<WebSocket> socket) = 0;
    // A whole text, on a web worker. The next one is not read before it returns.
    virtual void text(std::string text) = 0;
    // Everything queued was written after a send() was refused as full. io thread: only signal.
    virtual void drained() = 0;
    // Last, and always after opened(); the code of the peer's close frame or of ours, 1006 without
    // one. io thread: only signal.
    virtual void closed(std::uint16_t code) = 0;
};

struct WebSocketUpgrade {
    Request request;
    std::shared_ptr<WebSocketListener>
        listener;  // shared with the application, which may end first
    WebSocketLimits limits = {};
};

// Whether the request asks for a WebSocket as version 13 does.
bool asks_for_websocket(const Request& request);

}  // namespace leadbridge
