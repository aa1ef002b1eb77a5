// The target of a request line, its query, and the header bytes two parsers may read differently.
#include <cstdlib>

#include "base/http_wire.h"

using namespace leadbridge;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    Request request;
    if (set_target(request, text) && request.path.find('?') != std::string::npos) {
        std::abort();
    }
    static_cast<void>(Query::parse(text));
    static_cast<void>(percent_decode(text));
    const auto back = percent_decode(percent_encode(text));
    if (!back || *back != text) {
        std::abort();
    }
    static_cast<void>(has_ambiguous_bytes(text));
    static_cast<void>(method_of(text));
    static_cast<void>(normal_address(text));
    Headers headers;
    headers.add("X-Forwarded-For", std::string(text));
    headers.add("Content-Length", std::string(text));
    headers.add("Host", std::string(text));
    static_cast<void>(client_address("127.0.0.1", headers, {"127.0.0.1"}));
    static_cast<void>(refused_framing(headers, 11));
    return 0;
}
