#pragma once
// Between the HTTP server and websocket.cpp: the bytes of a connection, whatever carries them, and
// the socket spoken over them. All on the io thread.

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/websocket.h"

namespace boost::asio {
class io_context;
}

namespace boost::system {
class error_code;
}

namespace leadbridge {

// An open connection. At most one read and one write at a time; done is never called from within
// the call.
class ByteStream {
public:
    using Done = std::function<void(const boost::system::error_code&, std::size_t)>;
    virtual ~ByteStream() = default;
    virtual void read_some(std::span<char> into, Done done) = 0;
    virtual void write_some(const std::vector<std::string_view>& pieces, Done done) = 0;
    // What is under way ends with an error.
    virtual void cut() = 0;
};

class WebSocketSession : public WebSocket {
public:
    // Sends a close frame and waits for the peer's, at most handshake_timeout_ms.
    virtual void shut_down() = 0;
};

struct WebSocketParts {
    boost::asio::io_context& io;  // outlives the session's work
    std::shared_ptr<ByteStream> bytes;
    WebSocketUpgrade upgrade;
    std::function<bool(std::function<void()>)> on_worker;  // false: no room
    std::function<void()> ended;  // once, when the session needs the bytes no longer
};

// Answers the handshake and begins.
std::shared_ptr<WebSocketSession> begin_websocket(WebSocketParts parts);

}  // namespace leadbridge
