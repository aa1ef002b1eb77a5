#include "base/http_server_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/optional.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/http_wire.h"

namespace leadbridge {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t max_header_fields = 128;
constexpr std::size_t header_read_bytes = 4 << 10;
constexpr std::size_t body_read_bytes = 64 << 10;

// Writes what Beast's parser finds straight into a Request.
class Parser final : public http::basic_parser<true> {
public:
    explicit Parser(Request& request) : request_(request) { body_limit(boost::none); }

    int version() const { return version_; }

    const std::string& target() const { return target_; }

private:
    using View = beast::string_view;

    void on_request_impl(http::verb, View method, View target, int version, error_code&) override {
        request_.method = method_of(method);
        target_ = target;
        version_ = version;
    }

    void on_field_impl(http::field, View name, View value, error_code&) override {
        if (!trailer_) {  // trailers must not pass for checked header fields
            request_.headers.add(name, value);
        }
    }

    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
        request_.body.reserve(std::min<std::size_t>(length.value_or(0), body_read_bytes));
    }

    std::size_t append(View data) {
        request_.body.append(data);
        return data.size();
    }

    void on_header_impl(error_code&) override { trailer_ = true; }

    std::size_t on_body_impl(View data, error_code&) override { return append(data); }

    std::size_t on_chunk_body_impl(std::uint64_t, View data, error_code&) override {
        return append(data);
    }

    void on_response_impl(int, View, int, error_code&) override {}

    void on_chunk_header_impl(std::uint64_t, View, error_code&) override {}

    void on_finish_impl(error_code&) override {}

    Request& request_;
    std::string target_;
    int version_ = 11;
    bool trailer_ = false;
};

}  // namespace

struct HttpRequestReader::State {
    explicit State(const HttpReadLimits& l) : limits(l) { parser.emplace(request); }

    ReadStep advance();
    ReadStep take_header();
    ReadStep take_body();
    int header_verdict();

    ReadStep refuse(int status) {
        refusal = status;
        return ReadStep::refused;
    }

    const HttpReadLimits& limits;
    beast::flat_buffer buffer;
    std::size_t scanned = 0;  // of buffer, without the end of a header
    Request request;
    std::optional<Parser> parser;
    bool continue_sent = false;
    bool is_head = false;  // the request itself is moved away
    int refusal = 0;
};

ReadStep HttpRequestReader::State::advance() {
    if (!parser->is_header_done()) {
        const ReadStep step = take_header();
        if (step != ReadStep::ready) {
            return step;
        }
    }
    return take_body();
}

// Hands the header to the parser in one piece: limits and the search for ambiguous bytes need it
// whole.
ReadStep HttpRequestReader::State::take_header() {
    const std::string_view seen(static_cast<const char*>(buffer.cdata().data()), buffer.size());
    if (seen.empty()) {
        return ReadStep::need_more;
    }
    const auto end = seen.find("\r\n\r\n", scanned > 3 ? scanned - 3 : 0);
    const bool whole = end != std::string_view::npos;
    const auto block = seen.substr(0, whole ? end + 4 : seen.size());
    if (block.size() > limits.max_header_bytes) {
        return refuse(431);
    }
    // Told early: what does not begin with a letter (TLS spoken to a plain port), and lines that
    // will never end in CR LF.
    const bool bad_start = seen.front() < 'A' || seen.front() > 'z';
    if (bad_start ||
        (whole ? has_ambiguous_bytes(block) : block.find("\n\n") != std::string_view::npos)) {
        return refuse(400);
    }
    if (!whole) {
        scanned = seen.size();
        return ReadStep::need_more;
    }
    error_code ec;
    parser->header_limit(static_cast<std::uint32_t>(block.size()));
    buffer.consume(parser->put(asio::buffer(block.data(), block.size()), ec));
    if (ec || !parser->is_header_done()) {
        return refuse(ec == http::error::bad_version ? 505 : 400);
    }
    is_head = request.method == Method::head;
    const int status = header_verdict();
    return status == 0 ? ReadStep::ready : refuse(status);
}

int HttpRequestReader::State::header_verdict() {
    if (request.headers.all().size() > max_header_fields) {
        return 431;
    }
    if (const int status = refused_framing(request.headers, parser->version()); status != 0) {
        return status;
    }
    if (!set_target(request, parser->target())) {
        return 400;
    }
    std::size_t limit = limits.body_limit ? limits.body_limit(request.method, request.path) : 0;
    limit = limit == 0 ? limits.max_body_bytes : limit;
    if (parser->content_length().value_or(0) > limit) {
        return 413;
    }
    parser->body_limit(limit);
    return 0;
}

ReadStep HttpRequestReader::State::take_body() {
    // Beast 1.81 asserts that it sees at least five bytes of a last chunk. Any chunked body still
    // needs so many wherever it stands, so waiting for them keeps nobody waiting.
    const std::size_t least = parser->chunked() ? 5 : 1;
    while (!parser->is_done() && buffer.size() >= least) {
        error_code ec;
        const std::size_t used = parser->put(buffer.cdata(), ec);
        buffer.consume(used);
        if (ec == http::error::body_limit) {
            return refuse(413);
        }
        if (ec && ec != http::error::need_more) {
            return refuse(400);
        }
        if (used == 0) {  // a chunk header or trailers, incomplete
            if (buffer.size() >= limits.max_header_bytes) {
                return refuse(431);
            }
            break;
        }
    }
    if (parser->is_done()) {
        return ReadStep::ready;
    }
    if (!continue_sent && parser->version() == 11 && buffer.size() == 0 &&
        request.headers.has("Expect")) {
        continue_sent = true;
        return ReadStep::want_continue;
    }
    return ReadStep::need_more;
}

HttpRequestReader::HttpRequestReader(const HttpReadLimits& limits)
    : state_(std::make_unique<State>(limits)) {}

HttpRequestReader::~HttpRequestReader() = default;

ReadStep HttpRequestReader::begin() {
    State& s = *state_;
    s.request = Request{};
    s.parser.emplace(s.request);
    s.scanned = 0;
    s.continue_sent = false;
    s.is_head = false;
    if (s.buffer.size() == 0 && s.buffer.capacity() > 4 * header_read_bytes) {
        s.buffer.shrink_to_fit();  // idle connections should be small
    }
    return s.advance();
}

std::span<char> HttpRequestReader::space() {
    const auto free = state_->buffer.prepare(in_header() ? header_read_bytes : body_read_bytes);
    return {static_cast<char*>(free.data()), free.size()};
}

ReadStep HttpRequestReader::received(std::size_t n) {
    state_->buffer.commit(n);
    return state_->advance();
}

void HttpRequestReader::clear() {
    state_->buffer.clear();
}

Request& HttpRequestReader::request() {
    return state_->request;
}

int HttpRequestReader::refusal() const {
    return state_->refusal;
}

bool HttpRequestReader::has_bytes() const {
    return state_->buffer.size() > 0;
}

bool HttpRequestReader::in_header() const {
    return !state_->parser->is_header_done();
}

bool HttpRequestReader::keep_alive() const {
    return !in_header() && state_->parser->keep_alive();
}

bool HttpRequestReader::is_head() const {
    return state_->is_head;
}

int HttpRequestReader::version() const {
    return state_->parser->version();
}

}  // namespace leadbridge
