#pragma once
// HTTP/1.1 server over Beast on one io thread. Keep-alive, TLS, limits, timeouts, graceful stop.
// Requests run on the web workers; the io thread only reads, writes and times out.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/http_types.h"

namespace leadbridge {

class Metrics;

struct HttpServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;  // 0 = any free port, see HttpServer::port()
    std::string tls_cert_file;  // PEM chain; both or neither
    std::string tls_key_file;
    std::vector<std::string> trusted_proxies;  // addresses whose X-Forwarded-For is believed
    int web_workers = 2;
    std::size_t max_connections = 2'000;
    std::size_t max_header_bytes = 16 << 10;
    std::size_t max_body_bytes = 1 << 20;
    // Body limit of one request target, asked on the io thread after the header was read; 0 =
    // max_body_bytes.
    std::function<std::size_t(Method, std::string_view path)> body_limit;
    // Real time, whatever the clock does. A connection past its time is closed without a word.
    std::int64_t header_timeout_ms =
        10'000;  // TLS handshake and first header; later headers from their first byte
    std::int64_t body_timeout_ms = 30'000;    // whole body
    std::int64_t write_timeout_ms = 30'000;   // for every 256 KiB of an answer
    std::int64_t idle_timeout_ms = 60'000;    // between requests of a connection
    std::size_t max_queued_requests = 4'096;  // waiting for a web worker; more get 503
    std::size_t max_buffered_bytes =
        256 << 20;  // bodies of all requests in flight together; more get 503
};

using HttpHandler = std::function<void(Request&&, Responder)>;

// At max_connections a newcomer takes the place of the connection that has been silent longest;
// while all are busy it is closed. Requests that two parsers could read differently (folded lines,
// Content-Length beside Transfer-Encoding, ...) get 400.
class HttpServer {
public:
    // Binds at once; throws std::runtime_error naming address, cause and fix. handler runs on a web
    // worker and may answer later from any thread; an exception from it becomes a 500 without
    // details and is logged. clock and metrics must outlive the server; a Responder may outlive it
    // and is then without effect.
    HttpServer(
        HttpServerOptions options, const Clock& clock, Metrics& metrics, HttpHandler handler
    );
    ~HttpServer();

    void start();
    std::uint16_t port() const;
    // Stops accepting, lets requests in flight finish for at most grace_ms, then closes; waits for
    // running handlers.
    void stop(std::int64_t grace_ms = 5'000);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge
