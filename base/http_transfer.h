#pragma once
// One transfer of libcurl as it runs: which addresses it may use, what it may repeat, what it
// leaves behind. Private to http_client.cpp.

#include <string_view>

#include "base/http_client.h"

namespace leadbridge {

// What the callbacks of one transfer see and leave behind.
struct HttpTransfer {
    const HttpCall& call;
    void* handle;  // CURL*
    HttpReply reply;
    std::size_t header_bytes = 0;
    long requests_started = 0;  // requests handed to a connection; 0 = certainly nothing was sent
    bool address_refused = false;
    bool repeat_refused = false;
    bool too_large = false;
};

// A safe method may be repeated by libcurl on a dead kept connection.
bool is_safe(Method method) noexcept;

// The transfer is watched until its handle is reset.
void watch_transfer(HttpTransfer& transfer);

// code: CURLcode of a transfer that failed; detail: libcurl's text, which names hosts and causes,
// never a path or a query.
Error transfer_failure(int code, const HttpTransfer& transfer, std::string_view detail);

// Throws when libcurl refused an option: both are its numbers.
void check_option(int code, int option);

}  // namespace leadbridge
