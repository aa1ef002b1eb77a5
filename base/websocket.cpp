// One Beast stream per socket over a ByteStream, so that Beast is instantiated once for plain and
// TLS connections. Callbacks, not coroutines: nothing here to miscompile.

#include "base/websocket.h"

#include <algorithm>
#include <array>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/websocket_session.h"

namespace leadbridge {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

constexpr std::uint16_t no_code = 1006;
constexpr std::uint16_t text_only = 1003;
constexpr std::uint16_t protocol_error = 1002;
constexpr std::uint16_t bad_text = 1007;
constexpr std::uint16_t too_big = 1009;

// Beast's idea of a stream. What Beast composes is moved into a std::function, which copies: so it
// stands behind a pointer.
class Wire {
public:
    using executor_type = asio::io_context::executor_type;

    Wire(asio::io_context& io, std::shared_ptr<ByteStream> bytes)
        : io_(&io), bytes_(std::move(bytes)) {}

    executor_type get_executor() const noexcept { return io_->get_executor(); }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        std::span<char> into;
        for (auto it = asio::buffer_sequence_begin(buffers);
             it != asio::buffer_sequence_end(buffers);
             ++it) {
            const asio::mutable_buffer piece = *it;
            if (piece.size() > 0) {
                into = {static_cast<char*>(piece.data()), piece.size()};
                break;
            }
        }
        auto start = [this, into](auto handler) {
            bytes_->read_some(into, boxed(std::move(handler)));
        };
        return asio::async_initiate<Token, void(error_code, std::size_t)>(std::move(start), token);
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        std::vector<std::string_view> pieces;
        for (auto it = asio::buffer_sequence_begin(buffers);
             it != asio::buffer_sequence_end(buffers);
             ++it) {
            const asio::const_buffer piece = *it;
            if (piece.size() > 0) {
                pieces.emplace_back(static_cast<const char*>(piece.data()), piece.size());
            }
        }
        auto start = [this, pieces = std::move(pieces)](auto handler) {
            bytes_->write_some(pieces, boxed(std::move(handler)));
        };
        return asio::async_initiate<Token, void(error_code, std::size_t)>(std::move(start), token);
    }

    friend void beast_close_socket(Wire& wire) { wire.bytes_->cut(); }

    // The server lingers over what it ends itself.
    template <class Handler>
    friend void async_teardown(beast::role_type, Wire& wire, Handler&& handler) {
        asio::post(
            wire.get_executor(),
            [h = std::decay_t<Handler>(std::forward<Handler>(handler))]() mutable {
                h(error_code{});
            }
        );
    }

private:
    template <class Handler>
    static ByteStream::Done boxed(Handler handler) {
        auto box = std::make_shared<Handler>(std::move(handler));
        return [box](const error_code& ec, std::size_t n) {
            Handler h(std::move(*box));
            h(ec, n);
        };
    }

    asio::io_context* io_;  // not null
    std::shared_ptr<ByteStream> bytes_;
};

std::uint16_t code_of(const error_code& ec, const websocket::close_reason& reason) {
    if (reason.code != websocket::close_code::none) {
        return reason.code;
    }
    if (ec == websocket::error::message_too_big || ec == websocket::error::buffer_overflow) {
        return too_big;
    }
    if (ec == websocket::error::bad_frame_payload) {
        return bad_text;
    }
    const bool spoke_badly = ec == websocket::condition::protocol_violation;
    return spoke_badly ? protocol_error : no_code;
}

http::request<http::empty_body> handshake_of(const Request& request) {
    http::request<http::empty_body> out;
    out.method(http::verb::get);
    out.target(request.path);
    out.version(11);
    for (const auto& [name, value] : request.headers.all()) {
        out.insert(name, value);
    }
    return out;
}

class Session final : public WebSocketSession, public std::enable_shared_from_this<Session> {
public:
    explicit Session(WebSocketParts parts)
        : io_(parts.io),
          bytes_(std::move(parts.bytes)),
          listener_(std::move(parts.upgrade.listener)),
          limits_(parts.upgrade.limits),
          on_worker_(std::move(parts.on_worker)),
          ended_(std::move(parts.ended)),
          request_(handshake_of(parts.upgrade.request)) {
        stream_.emplace(io_, bytes_);
        const auto ms = [](std::int64_t n) { return std::chrono::milliseconds(n); };
        websocket::stream_base::timeout timeout;
        timeout.handshake_timeout = ms(limits_.handshake_timeout_ms);
        timeout.idle_timeout = ms(limits_.idle_timeout_ms);
        timeout.keep_alive_pings = true;
        stream_->set_option(timeout);
        stream_->read_message_max(limits_.max_message_bytes);
        stream_->auto_fragment(false);
        stream_->text(true);
    }

    void begin();

    // WebSocket, from any thread.
    Sent send(std::shared_ptr<const std::string> text) override;
    void close(std::uint16_t code, std::string reason) override;

    // io thread.
    void shut_down() override { begin_close(websocket_going_away, "the server stops"); }

private:
    void run(std::function<void()> work);
    void read();
    void was_read(const error_code& ec);
    void write();
    void wrote(const error_code& ec);
    void begin_close(std::uint16_t code, const std::string& reason);
    void die(const error_code& ec);
    void end_if_quiet();

    asio::io_context& io_;
    std::shared_ptr<ByteStream> bytes_;  // shared with stream_
    std::shared_ptr<WebSocketListener> listener_;
    const WebSocketLimits limits_;
    const std::function<bool(std::function<void()>)> on_worker_;
    std::function<void()> ended_;

    // io thread only.
    const http::request<http::empty_body> request_;
    std::optional<websocket::stream<Wire>> stream_;
    beast::flat_buffer received_;
    bool accepting_ = true;
    bool reading_ = false;
    bool writing_ = false;
    bool closing_ = false;        // a close of ours was begun ...
    bool close_running_ = false;  // ... and has not ended
    bool working_ = false;        // a web worker has the listener
    bool opened_ = false;
    bool dead_ = false;
    bool over_ = false;  // closed() was called
    std::uint16_t code_ = 0;

    std::mutex mutex_;
    std::deque<std::shared_ptr<const std::string>> queue_;  // guarded by mutex_
    std::size_t queued_bytes_ = 0;                          // guarded by mutex_
    bool refused_ = false;                                  // guarded by mutex_
    bool gone_ = false;                                     // guarded by mutex_
    bool posted_ = false;                                   // guarded by mutex_
};

void Session::begin() {
    stream_->async_accept(request_, [self = shared_from_this()](const error_code& ec) {
        self->accepting_ = false;
        if (ec || self->closing_) {  // a close that came meanwhile found nothing left to cut
            self->die(ec);
            return;
        }
        self->opened_ = true;
        self->run([self] { self->listener_->opened(self); });
    });
}

// Work of the listener on a web worker; reading goes on behind it.
void Session::run(std::function<void()> work) {
    working_ = true;
    const bool taken = on_worker_([self = shared_from_this(), work = std::move(work)] {
        // The connection must go on, or end, whatever the listener throws; the pool logs it.
        struct Back {
            std::shared_ptr<Session> session;
            ~Back() {
                asio::post(session->io_, [s = session] {
                    s->working_ = false;
                    s->read();
                });
            }
        };
        const Back back{self};
        work();
    });
    if (!taken) {
        working_ = false;
        begin_close(websocket_try_later, "too much to do");
    }
}

void Session::read() {
    if (dead_ || closing_) {  // a close under way reads by itself
        end_if_quiet();
        return;
    }
    reading_ = true;
    stream_->async_read(received_, [self = shared_from_this()](const error_code& ec, std::size_t) {
        self->was_read(ec);
    });
}

void Session::was_read(const error_code& ec) {
    reading_ = false;
    if (ec) {
        die(ec);
        return;
    }
    std::string text = beast::buffers_to_string(received_.data());
    received_.consume(received_.size());
    if (!stream_->got_text()) {
        begin_close(text_only, "text only");
        end_if_quiet();
        return;
    }
    if (closing_) {
        end_if_quiet();
        return;
    }
    run([self = shared_from_this(), text = std::move(text)]() mutable {
        self->listener_->text(std::move(text));
    });
}

WebSocket::Sent Session::send(std::shared_ptr<const std::string> text) {
    const std::lock_guard lock(mutex_);
    if (gone_) {
        return Sent::closed;
    }
    // A text larger than the whole queue passes when nothing else waits.
    if (queued_bytes_ > 0 && queued_bytes_ + text->size() > limits_.max_queued_bytes) {
        refused_ = true;
        return Sent::full;
    }
    queued_bytes_ += text->size();
    queue_.push_back(std::move(text));
    if (!posted_) {
        posted_ = true;
        asio::post(io_, [self = shared_from_this()] {
            {
                const std::lock_guard inner(self->mutex_);
                self->posted_ = false;
            }
            self->write();
        });
    }
    return Sent::queued;
}

void Session::write() {
    if (dead_ || closing_ || writing_ || accepting_) {
        return;
    }
    std::shared_ptr<const std::string> next;
    {
        const std::lock_guard lock(mutex_);
        if (queue_.empty()) {
            return;
        }
        next = queue_.front();
    }
    writing_ = true;
    const auto bytes = asio::buffer(*next);
    stream_->async_write(
        bytes,
        [self = shared_from_this(), next](const error_code& ec, std::size_t) { self->wrote(ec); }
    );
}

void Session::wrote(const error_code& ec) {
    writing_ = false;
    bool drained = false;
    {
        const std::lock_guard lock(mutex_);
        if (!queue_.empty()) {
            queued_bytes_ -= queue_.front()->size();
            queue_.pop_front();
        }
        drained = queue_.empty() && std::exchange(refused_, false);
    }
    if (ec) {
        die(ec);
        return;
    }
    if (drained && !closing_) {
        listener_->drained();
    }
    write();
    end_if_quiet();
}

void Session::close(std::uint16_t code, std::string reason) {
    const std::lock_guard lock(mutex_);
    if (!gone_) {
        asio::post(io_, [self = shared_from_this(), code, reason = std::move(reason)] {
            self->begin_close(code, reason);
        });
    }
}

void Session::begin_close(std::uint16_t code, const std::string& reason) {
    if (closing_ || dead_) {
        return;
    }
    closing_ = true;
    code_ = code;
    if (accepting_) {
        bytes_->cut();
        return;
    }
    close_running_ = true;
    const websocket::close_reason why(static_cast<websocket::close_code>(code), reason);
    stream_->async_close(why, [self = shared_from_this()](const error_code& ec) {
        self->close_running_ = false;
        self->die(ec);
    });
}

// Nothing more will be said. What is still under way must end, too.
void Session::die(const error_code& ec) {
    if (!dead_) {
        dead_ = true;
        if (code_ == 0) {
            code_ = code_of(ec, stream_->reason());
        }
    }
    if (writing_ || reading_) {
        bytes_->cut();
    }
    end_if_quiet();
}

void Session::end_if_quiet() {
    if (!dead_ || over_ || accepting_ || reading_ || writing_ || close_running_ || working_) {
        return;
    }
    over_ = true;
    {
        const std::lock_guard lock(mutex_);
        gone_ = true;
        queue_.clear();
        queued_bytes_ = 0;
    }
    if (opened_) {
        listener_->closed(code_);
    }
    listener_.reset();
    // Not from within a handler of the stream itself.
    asio::post(io_, [self = shared_from_this()] {
        self->stream_.reset();
        self->bytes_.reset();
        const auto ended = std::exchange(self->ended_, {});
        ended();
    });
}

}  // namespace

bool asks_for_websocket(const Request& request) {
    const auto has_word = [&](std::string_view field, std::string_view word) {
        return http::token_list(request.headers.get(field)).exists(word);
    };
    return request.method == Method::get && has_word("Upgrade", "websocket") &&
           has_word("Connection", "upgrade") &&
           request.headers.get("Sec-WebSocket-Version") == "13" &&
           request.headers.count("Sec-WebSocket-Key") == 1;
}

std::shared_ptr<WebSocketSession> begin_websocket(WebSocketParts parts) {
    auto session = std::make_shared<Session>(std::move(parts));
    session->begin();
    return session;
}

}  // namespace leadbridge
