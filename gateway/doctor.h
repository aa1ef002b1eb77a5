#pragma once
// The doctor: what is broken, where to look in the WeCom admin console, and how to mend it. Each
// check asks the real thing.

#include <string>
#include <vector>

#include "base/http_client.h"
#include "config/settings.h"
#include "crm/staff/corp.h"

namespace leadbridge::gateway {

enum class Verdict : std::uint8_t { ok, warning, broken };
std::string_view to_string(Verdict verdict) noexcept;

struct Finding {
    Verdict verdict = Verdict::ok;
    std::string check;  // stable word, e.g. "corp.token"
    std::string what;   // what was found
    std::string place;  // in the WeCom admin console or on this machine; "" when ok
    std::string fix;    // "" when ok
};

// The machine: data directory, clock, ports, keys. port_in_use: a daemon of ours is expected to
// hold it.
std::vector<Finding> check_machine(const config::Settings& settings);
// One corp: settings, token and trusted address, customer contact permission, callbacks, archive
// library and keys.
std::vector<Finding> check_corp(const crm::Corp& corp, HttpClient& http);

}  // namespace leadbridge::gateway
