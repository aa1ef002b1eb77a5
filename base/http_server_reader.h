#pragma once
// Reads requests of one connection from bytes as they come. A state machine without I/O, used by
// the HTTP server.

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/http_types.h"

namespace leadbridge {

struct HttpReadLimits {
    std::size_t max_header_bytes = 16 << 10;
    std::size_t max_body_bytes = 1 << 20;
    std::function<std::size_t(Method, std::string_view path)> body_limit;  // 0 = max_body_bytes
};

enum class ReadStep {
    need_more,      // read into space(), then received()
    want_continue,  // the client waits for a 100 Continue; send it, then as need_more
    ready,          // request() is whole
    refused,        // answer refusal() and close: the rest of the bytes is not understood
};

class HttpRequestReader {
public:
    explicit HttpRequestReader(const HttpReadLimits& limits);  // limits must outlive the reader
    ~HttpRequestReader();

    // Begins a request with the bytes that came behind the last one.
    ReadStep begin();
    std::span<char> space();
    ReadStep received(std::size_t n);
    // Forgets all bytes.
    void clear();

    Request& request();
    int refusal() const;  // HTTP status
    bool has_bytes() const;
    bool in_header() const;
    bool keep_alive() const;
    bool is_head() const;
    int version() const;  // 10 or 11

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge
