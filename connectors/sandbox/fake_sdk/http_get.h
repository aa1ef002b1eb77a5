#pragma once
// One HTTP/1.1 GET over a raw socket, for the stand-in library only. Numeric IPv4 addresses.

#include <string>

namespace fake_sdk {

struct Reply {
    bool ok = false;  // a whole reply came within the timeout
    int status = 0;
    std::string head;  // status line and headers
    std::string body;

    std::string header(const std::string& name) const;  // "" = absent; names without case
};

// base: "http://127.0.0.1:8081". authorization: value of that header, "" = none.
Reply http_get(
    const std::string& base,
    const std::string& target,
    const std::string& authorization,
    int timeout_s
);

std::string percent(const std::string& text);

}  // namespace fake_sdk
