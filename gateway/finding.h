#pragma once
// One finding of the doctor: what is so, where to look, how to mend it.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

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

Finding ok(std::string check, std::string what);
Finding warning(std::string check, std::string what, std::string place, std::string fix);
Finding broken(std::string check, std::string what, std::string place, std::string fix);

json::object finding_json(const Finding& finding);

}  // namespace leadbridge::gateway
