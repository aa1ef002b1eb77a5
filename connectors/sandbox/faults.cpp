#include "connectors/sandbox/faults.h"

namespace leadbridge::sandbox {

std::optional<Fault> next_fault(
    World& world, std::string_view api, std::string_view corpid, Rng& rng
) {
    for (auto it = world.faults.begin(); it != world.faults.end(); ++it) {
        const bool here = (it->api == "*" && api != "archive") || it->api == api;
        if (!here || (!it->corpid.empty() && it->corpid != corpid)) {
            continue;
        }
        if (it->probability < 1.0 && rng.unit() >= it->probability) {
            continue;
        }
        Fault hit = *it;
        if (it->remaining > 0 && --it->remaining == 0) {
            world.faults.erase(it);
        }
        return hit;
    }
    return std::nullopt;
}

}  // namespace leadbridge::sandbox
