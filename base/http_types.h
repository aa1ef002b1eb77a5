#pragma once
// HTTP as the house speaks it: plain structs, no library.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace leadbridge {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };
std::string_view to_string(Method method) noexcept;

// Field names compare without case. Order and repeats are kept.
class Headers {
public:
    void add(std::string name, std::string value) {
        list_.emplace_back(std::move(name), std::move(value));
    }

    void set(std::string_view name, std::string value);
    // First value, or "".
    std::string_view get(std::string_view name) const noexcept;
    std::size_t count(std::string_view name) const noexcept;

    bool has(std::string_view name) const noexcept { return count(name) > 0; }

    const std::vector<std::pair<std::string, std::string>>& all() const noexcept { return list_; }

private:
    std::vector<std::pair<std::string, std::string>> list_;
};

// Query parameters, percent-decoded once; '+' stays '+' (base64 in WeCom's queries). Repeats are
// kept.
class Query {
public:
    static Result<Query> parse(std::string_view raw);
    std::string_view get(std::string_view name) const noexcept;  // first, or ""
    std::size_t count(std::string_view name) const noexcept;

    bool has(std::string_view name) const noexcept { return count(name) > 0; }

    const std::vector<std::pair<std::string, std::string>>& all() const noexcept { return list_; }

private:
    std::vector<std::pair<std::string, std::string>> list_;
};

Result<std::string> percent_decode(std::string_view text);
std::string percent_encode(std::string_view text);  // all but unreserved characters

struct Request {
    Method method = Method::get;
    std::string path;  // decoded segment by segment is the router's work: this is the raw path,
                       // without query
    std::string raw_query;  // without '?'
    Query query;
    Headers headers;
    std::string body;
    std::string remote_address;  // of the peer, or of the client behind a trusted proxy
    std::string request_id;      // ours, made per request; echoed as X-Request-Id
    std::int64_t received_steady_ms = 0;
};

struct WebSocketUpgrade;  // base/websocket.h

struct Response {
    int status = 200;
    Headers headers;
    std::string body;

    static Response text(int status, std::string body);
    static Response json(int status, std::string body);

    static Response empty(int status) { return Response{status, {}, {}}; }
};

// Answers one request, once, from any thread. If the last copy goes without an answer the client
// gets a bare 500.
class Responder {
public:
    struct Sink {
        virtual ~Sink() = default;
        virtual void respond(Response response) = 0;
        virtual void close() = 0;
        // A sink that has no connection to turn into a WebSocket answers 501.
        virtual void upgrade(WebSocketUpgrade to);
    };

    explicit Responder(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}

    void respond(Response response) const { sink_->respond(std::move(response)); }

    // Ends the connection without an answer: WeCom retries a network failure.
    void close() const { sink_->close(); }

    // The connection becomes a WebSocket; to.request is the one being answered.
    void upgrade(WebSocketUpgrade to) const;

private:
    std::shared_ptr<Sink> sink_;  // shared by the connection and whoever holds the answer
};

}  // namespace leadbridge
