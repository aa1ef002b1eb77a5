#pragma once
// HTTP/1.1 server over Beast on one io thread. Keep-alive, TLS, limits, timeouts, graceful stop. Requests run on the web
// workers; the io thread only reads, writes and times out.

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
    std::uint16_t port = 8080;              // 0 = any free port, see HttpServer::port()
    std::string tls_cert_file;              // PEM chain; both or neither
    std::string tls_key_file;
    std::vector<std::string> trusted_proxies;  // addresses whose X-Forwarded-For is believed
    int web_workers = 2;
    std::size_t max_connections = 2'000;
    std::size_t max_header_bytes = 16 << 10;
    std::size_t max_body_bytes = 1 << 20;
    // Body limit of one request target, asked after the header was read; 0 = max_body_bytes.
    std::function<std::size_t(Method, std::string_view path)> body_limit;
    std::int64_t header_timeout_ms = 10'000;   // whole header and body must be in by then
    std::int64_t body_timeout_ms = 30'000;
    std::int64_t write_timeout_ms = 30'000;
    std::int64_t idle_timeout_ms = 60'000;     // between requests of a connection
    std::size_t max_queued_requests = 4'096;   // waiting for a web worker; more get 503
};

using HttpHandler = std::function<void(Request&&, Responder)>;

class HttpServer {
public:
    // Binds at once; throws std::runtime_error naming address, cause and fix. handler runs on a web worker and may answer
    // later from any thread; an exception from it becomes a 500 without details and is logged.
    HttpServer(HttpServerOptions options, const Clock& clock, Metrics& metrics, HttpHandler handler);
    ~HttpServer();

    void start();
    std::uint16_t port() const;
    // Stops accepting, lets requests in flight finish for at most grace_ms, then closes.
    void stop(std::int64_t grace_ms = 5'000);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge
