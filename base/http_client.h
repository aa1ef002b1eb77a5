#pragma once
// Outgoing HTTP: a port with one implementation over libcurl easy handles, pooled per thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_types.h"
#include "base/outbound_url.h"
#include "base/result.h"

namespace leadbridge {

// Which addresses a call may reach.
enum class Reach {
    configured,  // the URL comes from our settings: any address, http or https
    outside,     // anybody else's URL: https only, public addresses only, after redirects too
    outside_or_loopback,  // as outside, but loopback and http are allowed (a corp whose api_base is
                          // loopback)
};

struct FormPart {  // multipart/form-data
    std::string name;
    std::string filename;      // "" = no file
    std::string content_type;  // "" = default
    std::string data;
};

struct HttpCall {
    Method method = Method::get;
    std::string url;  // may carry a token: never logged
    Headers headers;
    std::string body;
    std::vector<FormPart> parts;  // non-empty = multipart, body ignored
    std::int64_t connect_timeout_ms = 5'000;
    std::int64_t timeout_ms = 10'000;
    std::size_t max_body_bytes = 10 << 20;
    int max_redirects = 0;
    Reach reach = Reach::configured;
};

struct HttpReply {
    int status = 0;
    Headers headers;
    std::string body;
};

class HttpClient {
public:
    virtual ~HttpClient() = default;
    // Any HTTP status is a reply. Errors: retry_later = certainly not sent (resolve, connect, TLS);
    // unknown_result = the request was or may have been sent and no whole answer came; forbidden =
    // the address is not allowed; too_large; invalid = bad URL or header; permanent = more
    // redirects than allowed. GET, HEAD and OPTIONS may be sent twice when a kept connection turns
    // out to be dead; everything else is sent at most once.
    virtual Result<HttpReply> call(const HttpCall& call) = 0;
};

struct HttpClientOptions {
    std::string ca_file;  // PEM of the authorities to believe; "" = the system's
};

// Thread-safe. Times in HttpCall are of the real clock. Proxies named in the environment are not
// used.
std::unique_ptr<HttpClient> make_http_client(HttpClientOptions options = {});
// Once in main, before any thread. Also makes the process ignore SIGPIPE, which TLS writes could
// raise.
void init_http_client();

}  // namespace leadbridge
