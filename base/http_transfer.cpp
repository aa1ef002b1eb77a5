#include "base/http_transfer.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace leadbridge {

namespace {

constexpr std::size_t max_header_bytes = 256 << 10;

bool is_allowed(Reach reach, std::string_view ip) {
    switch (reach) {
        case Reach::configured:
            return true;
        case Reach::outside:
            return is_public_address(ip);
        case Reach::outside_or_loopback:
            return is_public_address(ip) || is_loopback_address(ip);
    }
    return false;
}

std::string address_text(int family, const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* raw = nullptr;
    if (family == AF_INET) {
        raw = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    } else if (family == AF_INET6) {
        raw = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    }
    return raw != nullptr && inet_ntop(family, raw, text.data(), text.size()) != nullptr
               ? text.data()
               : "";
}

// The address checked here is the one connected to: a name cannot change its mind in between.
curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<HttpTransfer*>(user);
    if (!is_allowed(transfer.call.reach, address_text(address->family, &address->addr))) {
        transfer.address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool starts_with_https(std::string_view url) {
    constexpr std::string_view scheme = "https:";
    return url.size() > scheme.size() &&
           std::equal(scheme.begin(), scheme.end(), url.begin(), [](char a, char b) {
               return a == (b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b);
           });
}

// Runs when a connection is ready, new or kept, right before a request is written to it. So it is
// the place to
// - see that nothing was sent yet (it never ran),
// - check kept connections, which open_socket does not see,
// - keep libcurl from repeating a request that is not safe: it does so by itself when a kept
// connection dies before the first
//   byte of an answer (CURLOPT_FRESH_CONNECT would prevent that too, at the price of a handshake
//   per call).
int before_request(void* user, char* remote_ip, char*, int, int) {
    auto& transfer = *static_cast<HttpTransfer*>(user);
    auto* handle = static_cast<CURL*>(transfer.handle);
    const Reach reach = transfer.call.reach;
    const char* url = nullptr;
    long redirects = 0;
    curl_easy_getinfo(handle, CURLINFO_EFFECTIVE_URL, &url);
    curl_easy_getinfo(handle, CURLINFO_REDIRECT_COUNT, &redirects);
    const bool plain = url == nullptr || !starts_with_https(url);
    const bool plain_to_outside =
        plain && reach != Reach::configured && !is_loopback_address(remote_ip);
    if (!is_allowed(reach, remote_ip) || plain_to_outside) {
        transfer.address_refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (!is_safe(transfer.call.method) && transfer.requests_started > redirects) {
        transfer.repeat_refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    ++transfer.requests_started;
    return CURL_PREREQFUNC_OK;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& transfer = *static_cast<HttpTransfer*>(user);
    const std::size_t n = size * count;
    if (n > transfer.call.max_body_bytes -
                std::min(transfer.reply.body.size(), transfer.call.max_body_bytes)) {
        transfer.too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    transfer.reply.body.append(data, n);
    return n;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
    auto& transfer = *static_cast<HttpTransfer*>(user);
    std::string_view line(data, size * count);
    transfer.header_bytes += line.size();
    if (transfer.header_bytes > max_header_bytes) {
        transfer.too_large = true;
        return 0;
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) {
        line.remove_suffix(1);
    }
    if (line.starts_with("HTTP/"
        )) {  // 100 Continue and redirects come before the answer that counts
        transfer.reply.headers = {};
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
        std::string_view value = line.substr(colon + 1);
        const auto first = value.find_first_not_of(" \t");
        value = first == std::string_view::npos ? std::string_view{} : value.substr(first);
        const auto last = value.find_last_not_of(" \t");
        value = value.substr(0, last == std::string_view::npos ? 0 : last + 1);
        transfer.reply.headers.add(std::string(line.substr(0, colon)), std::string(value));
    }
    return size * count;
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
    check_option(curl_easy_setopt(handle, option, value), option);
}

ErrorCode classify(CURLcode code, const HttpTransfer& transfer) {
    if (transfer.too_large) {
        return ErrorCode::too_large;
    }
    if (transfer.address_refused &&
        (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK)) {
        return ErrorCode::forbidden;
    }
    if (code == CURLE_TOO_MANY_REDIRECTS) {
        return ErrorCode::permanent;
    }
    if (code == CURLE_UNSUPPORTED_PROTOCOL && transfer.call.reach != Reach::configured) {
        return ErrorCode::forbidden;
    }
    const bool bad_url = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
                         code == CURLE_LOGIN_DENIED;
    if (bad_url && transfer.requests_started == 0) {
        return ErrorCode::invalid;
    }
    return transfer.requests_started == 0 ? ErrorCode::retry_later : ErrorCode::unknown_result;
}

}  // namespace

bool is_safe(Method method) noexcept {
    return method == Method::get || method == Method::head || method == Method::options;
}

void watch_transfer(HttpTransfer& transfer) {
    auto* handle = static_cast<CURL*>(transfer.handle);
    set(handle, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(handle, CURLOPT_OPENSOCKETDATA, &transfer);
    set(handle, CURLOPT_PREREQFUNCTION, &before_request);
    set(handle, CURLOPT_PREREQDATA, &transfer);
    set(handle, CURLOPT_WRITEFUNCTION, &on_body);
    set(handle, CURLOPT_WRITEDATA, &transfer);
    set(handle, CURLOPT_HEADERFUNCTION, &on_header);
    set(handle, CURLOPT_HEADERDATA, &transfer);
}

Error transfer_failure(int code, const HttpTransfer& transfer, std::string_view detail) {
    const auto curl_code = static_cast<CURLcode>(code);
    const ErrorCode kind = classify(curl_code, transfer);
    if (kind == ErrorCode::forbidden) {
        return Error{
            kind, "the URL leads to an address or scheme that calls to the outside may not use"};
    }
    if (kind == ErrorCode::too_large) {
        return Error{kind, "the answer is larger than the limit of this call"};
    }
    if (transfer.repeat_refused) {
        return Error{
            kind, "the kept connection died before an answer came; the request is not repeated"};
    }
    return Error{
        kind, detail.empty() ? std::string(curl_easy_strerror(curl_code)) : std::string(detail)};
}

void check_option(int code, int option) {
    if (code != CURLE_OK) {
        throw std::runtime_error(
            "libcurl refuses option " + std::to_string(option) + ": " +
            curl_easy_strerror(static_cast<CURLcode>(code)) + "; version 7.85 or later is needed"
        );
    }
}

}  // namespace leadbridge
