#pragma once
// Faults on demand: which one, if any, hits this call.

#include <optional>
#include <string_view>

#include "connectors/sandbox/world.h"

namespace leadbridge::sandbox {

// Takes one hit off the fault's count. timeout_after and truncate act after the call was carried
// out, all others before.
std::optional<Fault> next_fault(
    World& world, std::string_view api, std::string_view corpid, Rng& rng
);

}  // namespace leadbridge::sandbox
