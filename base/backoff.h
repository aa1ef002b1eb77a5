#pragma once
// Delays between tries: doubling from `first_ms` up to `cap_ms`, each ± `jitter`.

#include <cstdint>

#include "base/rng.h"

namespace leadbridge {

struct Backoff {
    std::int64_t first_ms = 500;
    std::int64_t cap_ms = 60'000;
    double jitter = 0.3;

    // Delay after failure number `failures` (1 = the first). Never negative.
    std::int64_t delay_ms(int failures, Rng& rng) const;
};

std::int64_t jittered(std::int64_t ms, double jitter, Rng& rng);

}  // namespace leadbridge
