// One coroutine per connection on the io thread: read -> hand to a web worker -> wait for the
// answer -> write. Everything that is not waiting is a plain function of Connection. g++ 12
// destroys braced temporaries and lambdas beside co_await twice: name them in a statement of their
// own.

#include "base/http_server.h"

#include <fcntl.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <list>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/guarded.h"
#include "base/http_response_writer.h"
#include "base/http_server_reader.h"
#include "base/http_wire.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "base/websocket.h"
#include "base/websocket_session.h"
#include "base/worker_pool.h"

namespace leadbridge {

namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using tcp = asio::ip::tcp;

using Executor = asio::io_context::executor_type;
using Token = asio::use_awaitable_t<Executor>;
template <class T>
using Task = asio::awaitable<T, Executor>;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using TlsStream = ssl::stream<Socket>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Timer = asio::basic_waitable_timer<
    std::chrono::steady_clock,
    asio::wait_traits<std::chrono::steady_clock>,
    Executor>;
using Waiter = asio::async_result<Token, void()>::handler_type;

constexpr std::size_t small_body_bytes = 64 << 10;
constexpr std::size_t linger_bytes = 4 << 20;
constexpr std::int64_t linger_ms = 2'000;
constexpr std::int64_t stall_ms = 1'000;
constexpr auto tick = std::chrono::milliseconds(100);
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

std::int64_t real_ms() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

void close_on_exec(int fd) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

class Connection;

struct Delivery {
    std::weak_ptr<Connection> to;
    std::optional<Response> response;         // none = close without an answer,
    std::optional<WebSocketUpgrade> upgrade;  // or, with this, a WebSocket
};

class Answer;

struct Pending {
    Request request;
    std::shared_ptr<Answer> answer;  // shared with the Responder made for the handler
};

struct ServerMetrics {
    ServerMetrics(Metrics& metrics, std::uint16_t port);

    void count(int status) const {
        by_class[static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)]->add();
    }

    Gauge* connections;
    Counter* turned_away;
    Counter* timed_out;
    Counter* stalls;
    std::array<Counter*, 5> by_class{};
};

ServerMetrics::ServerMetrics(Metrics& metrics, std::uint16_t port) {
    const Labels server{{"port", std::to_string(port)}};
    connections = &metrics.gauge("leadbridge_http_connections", "Open connections", server);
    turned_away = &metrics.counter(
        "leadbridge_http_connections_turned_away_total",
        "Connections closed to stay within the limit",
        server
    );
    timed_out = &metrics.counter(
        "leadbridge_http_timeouts_total", "Connections closed for slowness", server
    );
    stalls = &metrics.counter(
        "leadbridge_http_io_stalls_total", "Times the io thread was silent for 1 s", server
    );
    for (std::size_t i = 0; i < by_class.size(); ++i) {
        Labels labels = server;
        labels.emplace("class", std::to_string(i + 1) + "xx");
        by_class[i] = &metrics.counter(
            "leadbridge_http_requests_total", "Answers by class of status", labels
        );
    }
}

// What all connections share. Only the io thread touches it, but for `mailbox` and `last_beat`.
// Kept alive by the server and by Responders not yet gone.
struct Core : std::enable_shared_from_this<Core> {
    Core(HttpServerOptions o, const Clock& c, Metrics& metrics, HttpHandler h);

    std::uint16_t bind();  // the port
    void load_tls();
    std::string next_request_id();
    const std::string& date();
    void handle(Request&& request, const std::shared_ptr<Responder::Sink>& answer) const;
    void post_delivery(Delivery delivery);
    void drain();
    void hand_over(Pending pending);
    void flush();
    void admit(Socket socket);
    bool make_room();
    void sweep();
    void begin_stop(std::int64_t grace_ms);

    bool is_drained() const { return stopping && waiting.empty() && busy.empty(); }

    const HttpServerOptions options;
    const HttpReadLimits read_limits;
    const Clock& clock;
    const HttpHandler handler;
    WorkerPool* pool = nullptr;  // outlives the io thread
    std::optional<ssl::context> tls;

    // A waiting connection owes us bytes (idle, handshake, header) and may be closed for a
    // newcomer; longest wait first.
    std::list<Connection*> waiting;
    std::list<Connection*> busy;
    std::vector<Pending>
        pending;  // requests read in this round of the io thread, not yet with the workers
    std::size_t buffered_bytes = 0;
    bool stopping = false;
    std::int64_t stop_deadline = 0;
    std::string id_prefix;
    std::uint64_t id_count = 0;
    std::int64_t date_second = -1;
    std::string date_text;

    Guarded<std::vector<Delivery>> mailbox;
    std::atomic<std::int64_t> last_beat{0};

    asio::io_context io{1};
    Acceptor acceptor{io.get_executor()};
    const std::uint16_t port;
    Timer ticker{io.get_executor()};
    Timer accept_pause{io.get_executor()};
    ServerMetrics counters;
};

// The answer to one request. Unanswered when the last copy goes = 500.
class Answer final : public Responder::Sink {
public:
    Answer(std::shared_ptr<Core> core, std::weak_ptr<Connection> to, std::string request_id)
        : core_(std::move(core)), to_(std::move(to)), request_id_(std::move(request_id)) {}

    ~Answer() override {
        if (!done_) {
            deliver(problem_response(500, request_id_), std::nullopt);
        }
    }

    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;

    void respond(Response response) override {
        if (!done_.exchange(true)) {
            deliver(std::move(response), std::nullopt);
        }
    }

    void close() override {
        if (!done_.exchange(true)) {
            deliver(std::nullopt, std::nullopt);
        }
    }

    void upgrade(WebSocketUpgrade to) override {
        if (!asks_for_websocket(to.request)) {
            fail(400);
        } else if (!done_.exchange(true)) {
            deliver(std::nullopt, std::move(to));
        }
    }

    void fail(int status) { respond(problem_response(status, request_id_)); }

private:
    void deliver(std::optional<Response> response, std::optional<WebSocketUpgrade> upgrade) {
        core_->post_delivery(Delivery{std::move(to_), std::move(response), std::move(upgrade)});
    }

    const std::shared_ptr<Core> core_;  // shared with the server, which may go first
    std::weak_ptr<Connection> to_;
    const std::string request_id_;
    std::atomic<bool> done_{false};
};

class Connection : public ByteStream, public std::enable_shared_from_this<Connection> {
public:
    Connection(Core& c, std::string peer);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    virtual Socket& socket() = 0;

    ReadStep begin_request();
    asio::mutable_buffer space();
    ReadStep received(std::size_t n);
    void dispatch();
    void refuse();

    void wait_for_answer(Waiter waiter) { waiter_.emplace(std::move(waiter)); }

    void deliver(Delivery delivery);

    bool becomes_websocket() const { return upgrade_.has_value(); }

    void begin_websocket(Waiter waiter);  // resumed when the socket has ended
    void end_websocket();
    bool begin_answer();  // false: close without an answer
    asio::const_buffer next_output() const;
    void wrote(std::size_t n);
    bool end_answer();  // true: another request may follow
    void begin_linger();
    void abort();      // closes the socket: the coroutine ends soon
    void shut_down();  // a WebSocket says goodbye; others finish what they do
    void cut() override;

    bool is_late(std::int64_t now) const { return deadline_ != 0 && now > deadline_; }

    bool is_in_body() const { return phase_ == Phase::body; }

private:
    enum class Phase { first, idle, header, body, answer };

    ReadStep account(ReadStep step);
    void resume();
    void enter(Phase phase);
    void move_to(std::list<Connection*>& list);
    void count_body(std::size_t bytes);

    Core& core_;
    const std::string peer_;
    std::list<Connection*>* list_;
    std::list<Connection*>::iterator place_;
    std::int64_t deadline_ = 0;  // of real time; 0 = none
    Phase phase_ = Phase::first;

    HttpRequestReader reader_;
    std::size_t body_bytes_ = 0;  // counted in core_.buffered_bytes
    int refusal_ = 0;

    std::string request_id_;
    bool keep_alive_ = false;
    std::optional<Waiter> waiter_;
    std::optional<Response> response_;
    HttpResponseWriter writer_;
    std::optional<WebSocketUpgrade> upgrade_;
    std::shared_ptr<WebSocketSession> websocket_;  // shared with the application
};

template <class Stream>
class StreamConnection final : public Connection {
public:
    template <class... Args>
    StreamConnection(Core& core, std::string peer, Args&&... args)
        : Connection(core, std::move(peer)), stream(std::forward<Args>(args)...) {}

    Socket& socket() override {
        if constexpr (std::is_same_v<Stream, Socket>) {
            return stream;
        } else {
            return stream.next_layer();
        }
    }

    // ByteStream, for a WebSocket.
    void read_some(std::span<char> into, Done done) override {
        stream.async_read_some(
            asio::buffer(into.data(), into.size()),
            [self = this->shared_from_this(),
             done = std::move(done)](const error_code& ec, std::size_t n) { done(ec, n); }
        );
    }

    void write_some(const std::vector<std::string_view>& pieces, Done done) override {
        std::vector<asio::const_buffer> buffers;
        for (const std::string_view piece : pieces) {
            buffers.emplace_back(piece.data(), piece.size());
        }
        stream.async_write_some(
            buffers,
            [self = this->shared_from_this(),
             done = std::move(done)](const error_code& ec, std::size_t n) { done(ec, n); }
        );
    }

    Stream stream;
};

Connection::Connection(Core& c, std::string peer)
    : core_(c), peer_(std::move(peer)), list_(&c.waiting), reader_(c.read_limits) {
    place_ = list_->insert(list_->end(), this);
    enter(Phase::first);
    core_.counters.connections->set(static_cast<double>(core_.waiting.size() + core_.busy.size()));
}

Connection::~Connection() {
    count_body(0);
    list_->erase(place_);
    core_.counters.connections->set(static_cast<double>(core_.waiting.size() + core_.busy.size()));
    if (core_.stopping) {
        core_.ticker.cancel();
    }
}

void Connection::move_to(std::list<Connection*>& list) {
    list.splice(list.end(), *list_, place_);
    list_ = &list;
}

void Connection::count_body(std::size_t bytes) {
    core_.buffered_bytes += bytes - std::exchange(body_bytes_, bytes);
}

void Connection::enter(Phase phase) {
    const HttpServerOptions& o = core_.options;
    phase_ = phase;
    switch (phase) {
        case Phase::first:
        case Phase::header:
            deadline_ = real_ms() + o.header_timeout_ms;
            return;
        case Phase::idle:
            deadline_ = real_ms() + o.idle_timeout_ms;
            return;
        case Phase::body:
            deadline_ = real_ms() + o.body_timeout_ms;
            return;
        case Phase::answer:
            deadline_ = 0;  // how long an answer may take is the handler's affair
            return;
    }
}

ReadStep Connection::begin_request() {
    refusal_ = 0;
    return account(reader_.begin());
}

asio::mutable_buffer Connection::space() {
    const auto free = reader_.space();
    return asio::buffer(free.data(), free.size());
}

ReadStep Connection::received(std::size_t n) {
    return account(reader_.received(n));
}

// Deadlines and the memory of bodies follow what the reader found.
ReadStep Connection::account(ReadStep step) {
    count_body(reader_.request().body.size());
    // Large bodies together have a bound; small ones (a callback) pass, or whoever sends large ones
    // would shut them out. Those are bounded by max_connections.
    const bool no_room =
        body_bytes_ > small_body_bytes && core_.buffered_bytes > core_.options.max_buffered_bytes;
    if (step == ReadStep::refused || no_room) {
        refusal_ = step == ReadStep::refused ? reader_.refusal() : 503;
        return ReadStep::refused;
    }
    if (!reader_.in_header()) {
        if (phase_ != Phase::body) {
            enter(Phase::body);
        }
    } else if (reader_.has_bytes()) {
        if (phase_ == Phase::idle || phase_ == Phase::answer) {
            enter(Phase::header);
        }
    } else if (phase_ == Phase::answer) {
        enter(Phase::idle);
    }
    return step;
}

// The rest of the connection is not understood: answer and close.
void Connection::refuse() {
    keep_alive_ = false;
    request_id_ = core_.next_request_id();
    response_ = problem_response(refusal_, request_id_);
    move_to(core_.busy);
}

void Connection::dispatch() {
    enter(Phase::answer);
    move_to(core_.busy);
    keep_alive_ = reader_.keep_alive();
    request_id_ = core_.next_request_id();
    Request request = std::move(reader_.request());
    request.request_id = request_id_;
    request.remote_address = client_address(peer_, request.headers, core_.options.trusted_proxies);
    request.received_steady_ms = core_.clock.steady_ms();
    auto answer = std::make_shared<Answer>(core_.shared_from_this(), weak_from_this(), request_id_);
    core_.hand_over(Pending{std::move(request), std::move(answer)});
}

void Connection::deliver(Delivery delivery) {
    if (!waiter_) {
        return;  // aborted meanwhile
    }
    response_ = std::move(delivery.response);
    upgrade_ = std::move(delivery.upgrade);
    resume();
}

void Connection::resume() {
    Waiter waiter = *std::move(waiter_);
    waiter_.reset();
    std::move(waiter)();
}

// Bytes that came before the peer could know our answer belong to no frame.
void Connection::begin_websocket(Waiter waiter) {
    waiter_.emplace(std::move(waiter));
    count_body(0);
    if (core_.stopping || reader_.has_bytes()) {
        asio::post(core_.io, [self = shared_from_this()] { self->resume(); });
        return;
    }
    core_.counters.count(101);
    websocket_ = leadbridge::begin_websocket(
        {core_.io,
         shared_from_this(),
         *std::move(upgrade_),
         [&core = core_](std::function<void()> work) { return core.pool->submit(std::move(work)); },
         [self = shared_from_this()] { self->resume(); }}
    );
    upgrade_.reset();
}

void Connection::end_websocket() {
    upgrade_.reset();
    websocket_.reset();
}

bool Connection::begin_answer() {
    count_body(0);
    if (!response_) {
        return false;
    }
    keep_alive_ = keep_alive_ && !core_.stopping && response_->headers.get("Connection") != "close";
    const ResponseFrame frame{request_id_, core_.date(), keep_alive_, reader_.version() == 10};
    const auto body =
        reader_.is_head() ? HttpResponseWriter::Body::leave_out : HttpResponseWriter::Body::send;
    core_.counters.count(response_->status);
    writer_.begin(*std::move(response_), frame, body);
    response_.reset();
    deadline_ = real_ms() + core_.options.write_timeout_ms;
    return true;
}

asio::const_buffer Connection::next_output() const {
    const auto piece = writer_.next();
    return asio::buffer(piece.data(), piece.size());
}

void Connection::wrote(std::size_t n) {
    if (writer_.wrote(n)) {
        deadline_ = real_ms() + core_.options.write_timeout_ms;
    }
}

bool Connection::end_answer() {
    writer_.end();
    if (!keep_alive_ || core_.stopping) {
        return false;
    }
    phase_ = Phase::answer;
    move_to(core_.waiting);
    return true;
}

// Closing with unread bytes would reset the connection and could take the answer with it. So: end
// our side, read on for a while.
void Connection::begin_linger() {
    error_code ignored;
    socket().shutdown(Socket::shutdown_send, ignored);
    move_to(core_.waiting);
    deadline_ = real_ms() + (core_.stopping ? tick.count() : linger_ms);
    reader_.clear();
}

void Connection::abort() {
    deadline_ = 0;
    move_to(core_.busy);
    cut();
    if (websocket_ == nullptr) {  // else it ends by itself, once nothing uses the bytes
        deliver({});
    }
}

void Connection::cut() {
    error_code ignored;
    socket().close(ignored);
}

void Connection::shut_down() {
    if (websocket_ != nullptr) {
        websocket_->shut_down();
    }
}

// need_more: the connection ended.
template <class Stream>
Task<ReadStep> read_request(StreamConnection<Stream>& connection) {
    error_code ec;
    auto token = asio::redirect_error(Token{}, ec);
    ReadStep step = connection.begin_request();
    while (!ec && (step == ReadStep::need_more || step == ReadStep::want_continue)) {
        if (step == ReadStep::want_continue) {
            const auto line = asio::buffer(continue_line);
            co_await asio::async_write(connection.stream, line, token);
        }
        const auto space = connection.space();
        const std::size_t n = co_await connection.stream.async_read_some(space, token);
        if (!ec) {
            step = connection.received(n);
        }
    }
    co_return step;
}

Task<void> answered(Connection& connection) {
    Token token;
    auto park = [&connection](Waiter waiter) { connection.wait_for_answer(std::move(waiter)); };
    co_await asio::async_initiate<Token, void()>(std::move(park), token);
}

Task<void> websocket_ended(Connection& connection) {
    Token token;
    auto park = [&connection](Waiter waiter) { connection.begin_websocket(std::move(waiter)); };
    co_await asio::async_initiate<Token, void()>(std::move(park), token);
}

template <class Stream>
Task<bool> write_answer(StreamConnection<Stream>& connection) {
    error_code ec;
    auto token = asio::redirect_error(Token{}, ec);
    auto piece = connection.next_output();
    while (piece.size() > 0) {
        const std::size_t n = co_await connection.stream.async_write_some(piece, token);
        if (ec) {
            co_return false;
        }
        connection.wrote(n);
        piece = connection.next_output();
    }
    co_return true;
}

Task<void> linger(Connection& connection) {
    error_code ec;
    auto token = asio::redirect_error(Token{}, ec);
    std::size_t total = 0;
    connection.begin_linger();
    std::array<char, 4096> sink;
    const auto space = asio::buffer(sink);
    while (!ec && total < linger_bytes) {
        total += co_await connection.socket().async_read_some(space, token);
    }
}

template <class Stream>
Task<void> serve(std::shared_ptr<StreamConnection<Stream>> connection) {
    error_code ec;
    auto token = asio::redirect_error(Token{}, ec);
    if constexpr (!std::is_same_v<Stream, Socket>) {
        co_await connection->stream.async_handshake(ssl::stream_base::server, token);
    }
    bool more = !ec;
    bool answer_sent = false;
    while (more) {
        const ReadStep step = co_await read_request(*connection);
        if (step == ReadStep::ready) {
            connection->dispatch();
            co_await answered(*connection);
        } else if (step == ReadStep::refused) {
            connection->refuse();
        }
        answer_sent = false;
        if (connection->becomes_websocket()) {
            co_await websocket_ended(*connection);
            connection->end_websocket();
            answer_sent = true;  // its close frame
            break;
        }
        if (!connection->begin_answer()) {
            break;
        }
        answer_sent = co_await write_answer(*connection);
        more = answer_sent && connection->end_answer();
    }
    if (answer_sent) {
        co_await linger(*connection);
    }
}

Task<void> accept_connections(Core& core) {
    error_code ec;
    auto token = asio::redirect_error(Token{}, ec);
    while (core.acceptor.is_open()) {
        Socket socket = co_await core.acceptor.async_accept(token);
        if (!ec) {
            try {
                core.admit(std::move(socket));
            } catch (const std::exception& error) {  // out of memory for this one: the next may fit
                log::error(
                    "http_server", "a connection could not be taken", {{"cause", error.what()}}
                );
            }
        } else if (core.acceptor.is_open()) {  // out of descriptors or memory: let some go first
            core.make_room();
            core.accept_pause.expires_after(tick);
            co_await core.accept_pause.async_wait(token);
        }
    }
}

Task<void> watch_deadlines(Core& core) {
    error_code ignored;
    auto token = asio::redirect_error(Token{}, ignored);
    while (!core.is_drained()) {
        core.sweep();
        core.ticker.expires_after(tick);
        co_await core.ticker.async_wait(token);
    }
}

void log_end(const std::exception_ptr& failure) {
    if (!failure) {
        return;
    }
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        log::error("http_server", "a connection ended with an exception", {{"cause", e.what()}});
    }
}

Core::Core(HttpServerOptions o, const Clock& c, Metrics& metrics, HttpHandler h)
    : options(std::move(o)),
      read_limits{options.max_header_bytes, options.max_body_bytes, options.body_limit},
      clock(c),
      handler(std::move(h)),
      port(bind()),
      counters(metrics, port) {
    load_tls();
    for (const std::string& proxy : options.trusted_proxies) {
        if (normal_address(proxy).empty()) {
            throw std::runtime_error(
                "trusted proxy \"" + proxy + "\" is not an IP address; write one per proxy"
            );
        }
    }
    SystemRng rng;
    id_prefix = rng.token(6) + "-";
    last_beat = real_ms();
}

std::uint16_t Core::bind() {
    const std::string where = options.address + ":" + std::to_string(options.port);
    error_code ec;
    const auto address = asio::ip::make_address(options.address, ec);
    if (ec) {
        throw std::runtime_error(
            "cannot listen on " + where + ": \"" + options.address + "\" is not an IP address"
        );
    }
    const tcp::endpoint endpoint(address, options.port);
    const auto check = [&](std::string_view step) {
        if (ec) {
            throw std::runtime_error(
                "cannot listen on " + where + " (" + std::string(step) + "): " + ec.message() +
                "; choose a free port and an address of this machine"
            );
        }
    };
    acceptor.open(endpoint.protocol(), ec);
    check("open");
    close_on_exec(acceptor.native_handle());
    acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    check("reuse");
    acceptor.bind(endpoint, ec);
    check("bind");
    acceptor.listen(asio::socket_base::max_listen_connections, ec);
    check("listen");
    return acceptor.local_endpoint().port();
}

void Core::load_tls() {
    if (options.tls_cert_file.empty() != options.tls_key_file.empty()) {
        throw std::runtime_error("TLS needs both tls_cert_file and tls_key_file, or neither");
    }
    if (options.tls_cert_file.empty()) {
        return;
    }
    tls.emplace(ssl::context::tls_server);
    tls->set_options(
        ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
        ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | ssl::context::no_compression
    );
    error_code ec;
    const auto check = [&](const std::string& file, std::string_view what) {
        if (ec) {
            throw std::runtime_error(
                "cannot use " + file + " as TLS " + std::string(what) + ": " + ec.message() +
                "; give a readable PEM file, key and certificate belonging together"
            );
        }
    };
    tls->use_certificate_chain_file(options.tls_cert_file, ec);
    check(options.tls_cert_file, "certificate");
    tls->use_private_key_file(options.tls_key_file, ssl::context::pem, ec);
    check(options.tls_key_file, "key");
}

std::string Core::next_request_id() {
    // 15 characters stay within std::string.
    constexpr std::string_view digits = "0123456789abcdef";
    std::string id = id_prefix;
    const std::uint64_t n = ++id_count;
    for (int shift = 28; shift >= 0; shift -= 4) {
        id.push_back(digits[(n >> static_cast<unsigned>(shift)) & 15U]);
    }
    return id;
}

const std::string& Core::date() {
    const UnixMillis now = clock.now();
    if (now / 1000 != date_second) {
        date_second = now / 1000;
        date_text = http_date(now);
    }
    return date_text;
}

void Core::handle(Request&& request, const std::shared_ptr<Responder::Sink>& answer) const {
    const std::string id = request.request_id;
    try {
        handler(std::move(request), Responder(answer));
        return;
    } catch (const std::exception& e) {
        log::error("http_server", "a handler failed", {{"request_id", id}, {"cause", e.what()}});
    } catch (...) {
        log::error("http_server", "a handler failed", {{"request_id", id}, {"cause", "unknown"}});
    }
    answer->respond(problem_response(500, id));
}

// One wake-up of the io thread serves all answers that came since the last.
void Core::post_delivery(Delivery delivery) {
    bool first = false;
    {
        auto box = mailbox.lock();
        first = box->empty();
        box->push_back(std::move(delivery));
    }
    if (first) {
        asio::post(io, [this] { drain(); });
    }
}

// Likewise one wake-up of the workers serves all requests of this round.
void Core::hand_over(Pending request) {
    if (pending.empty()) {
        asio::post(io, [this] { flush(); });
    }
    pending.push_back(std::move(request));
}

void Core::flush() {
    std::vector<std::shared_ptr<Answer>> answers;
    std::vector<std::function<void()>> work;
    for (Pending& p : pending) {
        answers.push_back(p.answer);
        work.emplace_back([this, request = std::move(p.request), answer = std::move(p.answer)](
                          ) mutable { handle(std::move(request), answer); });
    }
    pending.clear();
    const std::size_t refused = pool->submit_all(std::move(work)).size();
    for (std::size_t i = answers.size() - refused; i < answers.size(); ++i) {
        answers[i]->fail(503);
    }
}

void Core::drain() {
    std::vector<Delivery> deliveries;
    deliveries.swap(*mailbox.lock());
    for (Delivery& delivery : deliveries) {
        if (const auto connection = delivery.to.lock()) {
            connection->deliver(std::move(delivery));
        }
    }
}

void Core::admit(Socket socket) {
    error_code ec;
    close_on_exec(socket.native_handle());
    socket.set_option(tcp::no_delay(true), ec);
    const auto peer = socket.remote_endpoint(ec);
    const bool full = waiting.size() + busy.size() >= options.max_connections;
    if (ec || stopping || (full && !make_room())) {
        return;  // the socket goes with its last owner, here
    }
    std::string address = peer.address().to_string();
    if (tls) {
        auto connection = std::make_shared<StreamConnection<TlsStream>>(
            *this, std::move(address), std::move(socket), *tls
        );
        asio::co_spawn(io, serve(std::move(connection)), log_end);
    } else {
        auto connection = std::make_shared<StreamConnection<Socket>>(
            *this, std::move(address), std::move(socket)
        );
        asio::co_spawn(io, serve(std::move(connection)), log_end);
    }
}

bool Core::make_room() {
    counters.turned_away->add();
    if (waiting.empty()) {
        return false;
    }
    waiting.front()->abort();
    return true;
}

void Core::sweep() {
    const std::int64_t now = real_ms();
    last_beat = now;
    std::vector<std::shared_ptr<Connection>> late;
    for (const auto* list : {&waiting, &busy}) {
        for (Connection* connection : *list) {
            if (connection->is_late(now)) {
                counters.timed_out->add();
                late.push_back(connection->shared_from_this());
            } else if (stopping && now >= stop_deadline) {
                late.push_back(connection->shared_from_this());
            }
        }
    }
    for (const auto& connection : late) {
        connection->abort();
    }
}

void Core::begin_stop(std::int64_t grace_ms) {
    error_code ignored;
    stopping = true;
    stop_deadline = real_ms() + grace_ms;
    acceptor.close(ignored);
    accept_pause.cancel();
    for (auto next = waiting.begin(); next != waiting.end();) {
        Connection& connection = **next++;  // abort moves it to another list
        if (!connection.is_in_body()) {
            connection.abort();
        }
    }
    for (Connection* connection : busy) {
        connection->shut_down();
    }
    ticker.cancel();
}

}  // namespace

struct HttpServer::State {
    std::shared_ptr<Core> core;  // shared with Responders, which may go last
    std::unique_ptr<WorkerPool> pool;
    std::thread io_thread;
    std::thread watchdog;
    Guarded<bool> stopped;
    std::condition_variable stop_watchdog;

    void run_io() const;
    void watch_io();
};

void HttpServer::State::run_io() const {
    Core& c = *core;
    asio::co_spawn(c.io, accept_connections(c), log_end);
    asio::co_spawn(c.io, watch_deadlines(c), log_end);
    for (;;) {
        try {
            c.io.run();  // returns once it was stopped and every connection has ended
            return;
        } catch (const std::exception& e) {
            log::error(
                "http_server", "the io thread goes on after an exception", {{"cause", e.what()}}
            );
        }
    }
}

void HttpServer::State::watch_io() {
    auto lock = stopped.lock();
    std::int64_t stalled_since = 0;
    while (!stop_watchdog.wait_for(lock.raw(), std::chrono::milliseconds(stall_ms / 4), [&] {
        return *lock;
    })) {
        const std::int64_t beat = core->last_beat;
        const bool silent = real_ms() - beat > stall_ms;
        if (silent && stalled_since == 0) {
            stalled_since = beat;
            core->counters.stalls->add();
            log::warn("http_server", "the io thread is silent; something blocks it");
        } else if (!silent && stalled_since != 0) {
            log::warn(
                "http_server", "the io thread is back", {{"silent_ms", beat - stalled_since}}
            );
            stalled_since = 0;
        }
    }
}

HttpServer::HttpServer(
    HttpServerOptions options, const Clock& clock, Metrics& metrics, HttpHandler handler
)
    : state_(std::make_unique<State>()) {
    const WorkerPoolOptions workers{"web", options.web_workers, options.max_queued_requests, 1.0};
    state_->core = std::make_shared<Core>(std::move(options), clock, metrics, std::move(handler));
    state_->pool = std::make_unique<WorkerPool>(workers);
    state_->core->pool = state_->pool.get();
}

HttpServer::~HttpServer() {
    stop(0);
}

void HttpServer::start() {
    state_->core->last_beat = real_ms();
    state_->io_thread = std::thread([state = state_.get()] { state->run_io(); });
    pthread_setname_np(state_->io_thread.native_handle(), "http-io");
    state_->watchdog = std::thread([state = state_.get()] { state->watch_io(); });
    pthread_setname_np(state_->watchdog.native_handle(), "http-watchdog");
}

std::uint16_t HttpServer::port() const {
    return state_->core->port;
}

void HttpServer::stop(std::int64_t grace_ms) {
    if (state_->io_thread.joinable()) {
        asio::post(state_->core->io, [core = state_->core.get(), grace_ms] {
            core->begin_stop(grace_ms);
        });
        state_->io_thread.join();
        *state_->stopped.lock() = true;
        state_->stop_watchdog.notify_all();
        state_->watchdog.join();
    }
    state_->pool->stop();
}

}  // namespace leadbridge
