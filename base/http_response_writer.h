#pragma once
// The bytes of one response, piece by piece, for whoever writes them. No I/O.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/http_types.h"
#include "base/http_wire.h"

namespace leadbridge {

class HttpResponseWriter {
public:
    // Written bytes come in steps of at most this many.
    static constexpr std::size_t piece_bytes = 256 << 10;

    enum class Body { send, leave_out };  // leave_out: the answer to HEAD

    void begin(Response response, const ResponseFrame& frame, Body body);
    std::string_view next() const;  // empty = all is written
    // True when this completed another piece_bytes.
    bool wrote(std::size_t n);
    // Gives back the memory of large bodies.
    void end();

private:
    std::string head_;  // and a small body
    std::string body_;
    std::size_t written_ = 0;
};

}  // namespace leadbridge
