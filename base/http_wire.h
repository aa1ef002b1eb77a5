#pragma once
// The parts of the HTTP server that need no socket: rules on requests, the bytes of a response
// head, whose address it is.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/http_types.h"

namespace leadbridge {

// "Not Found" for 404; "" for what has no name here.
std::string_view reason_phrase(int status) noexcept;

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(UnixMillis time);

// application/problem+json (RFC 9457) of a failure the server itself finds; tells no details.
Response problem_response(int status, std::string_view request_id);

Method method_of(std::string_view name) noexcept;

// Splits the target of a request line (origin, absolute or asterisk form) into path and query.
// False: it is malformed.
[[nodiscard]] bool set_target(Request& request, std::string_view target);

// True if the header block (with its final empty line) holds what makes two parsers disagree:
// folded lines, bare CR or LF, NUL.
bool has_ambiguous_bytes(std::string_view header_block) noexcept;

// 0, or the status that refuses a request for its Host, Content-Length, Transfer-Encoding or Expect
// fields.
int refused_framing(const Headers& headers, int version) noexcept;

// The peer, or behind trusted proxies the rightmost address of X-Forwarded-For that none of them
// owns.
std::string client_address(
    std::string_view peer, const Headers& headers, const std::vector<std::string>& trusted_proxies
);

// "::ffff:192.0.2.1" becomes "192.0.2.1"; other addresses their usual spelling; "" if it is no
// address.
std::string normal_address(std::string_view address);

struct ResponseFrame {
    std::string_view request_id;
    std::string_view date;
    bool keep_alive = true;
    bool version_10 = false;
};

// Status line and header block with Content-Length. Fields the server owns and fields that would
// break the head are left out.
void append_head(std::string& out, const Response& response, const ResponseFrame& frame);

// 1xx, 204 and 304 have no body.
bool may_have_body(int status) noexcept;

}  // namespace leadbridge
