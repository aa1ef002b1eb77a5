#pragma once
// What the doctor asks WeCom, once and with little patience, and what its codes mean for whoever
// connects a corp (page 90313).

#include <optional>
#include <string>
#include <string_view>

#include "base/http_client.h"
#include "base/secret.h"
#include "crm/staff/corp.h"
#include "gateway/finding.h"

namespace leadbridge::gateway {

struct Asked {
    int errcode = -1;
    std::string errmsg;
    std::string token;
    std::string date;  // the HTTP header
    std::optional<Finding> unreachable;
};

// One GET of `path` below /cgi-bin/.
Asked ask(const crm::Corp& corp, HttpClient& http, const std::string& path);
Asked ask_token(const crm::Corp& corp, const Secret& secret, HttpClient& http);

// place: where this secret stands in the console, for the codes that blame the secret.
Finding answered(
    const std::string& check,
    int errcode,
    const std::string& errmsg,
    std::string good,
    std::string_view place = ""
);

}  // namespace leadbridge::gateway
