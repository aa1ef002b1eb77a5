#include "base/backoff.h"

#include <algorithm>
#include <cmath>

namespace leadbridge {

std::int64_t Backoff::delay_ms(int failures, Rng& rng) const {
    std::int64_t delay = std::max<std::int64_t>(first_ms, 0);
    for (int i = 1; i < failures && delay < cap_ms; ++i) {
        delay = delay > cap_ms / 2 ? cap_ms : delay * 2;
    }
    return jittered(std::min(delay, std::max<std::int64_t>(cap_ms, 0)), jitter, rng);
}

std::int64_t jittered(std::int64_t ms, double jitter, Rng& rng) {
    const double factor = 1.0 + jitter * (2.0 * rng.unit() - 1.0);
    return std::max<std::int64_t>(0, std::llround(static_cast<double>(ms) * factor));
}

}  // namespace leadbridge
