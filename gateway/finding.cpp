#include "gateway/finding.h"

namespace leadbridge::gateway {

Finding ok(std::string check, std::string what) {
    return {Verdict::ok, std::move(check), std::move(what), "", ""};
}

Finding broken(std::string check, std::string what, std::string place, std::string fix) {
    return {Verdict::broken, std::move(check), std::move(what), std::move(place), std::move(fix)};
}

Finding warning(std::string check, std::string what, std::string place, std::string fix) {
    return {Verdict::warning, std::move(check), std::move(what), std::move(place), std::move(fix)};
}

std::string_view to_string(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::ok:
            return "ok";
        case Verdict::warning:
            return "warning";
        case Verdict::broken:
            return "broken";
    }
    return "";
}

json::object finding_json(const Finding& finding) {
    return json::object{
        {"verdict", to_string(finding.verdict)},
        {"check", finding.check},
        {"what", finding.what},
        {"place", finding.place},
        {"fix", finding.fix}};
}

}  // namespace leadbridge::gateway
