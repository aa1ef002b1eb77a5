#include "base/clock.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

namespace leadbridge {

namespace {

template <class C>
std::int64_t ms_of() noexcept {
    return std::chrono::duration_cast<std::chrono::milliseconds>(C::now().time_since_epoch())
        .count();
}

std::int64_t scaled(std::int64_t ms, double speed) noexcept {
    return static_cast<std::int64_t>(std::floor(static_cast<double>(ms) * speed));
}

}  // namespace

UnixMillis SystemClock::now() const noexcept {
    return ms_of<std::chrono::system_clock>();
}

std::int64_t SystemClock::steady_ms() const noexcept {
    return ms_of<std::chrono::steady_clock>();
}

FastClock::FastClock(UnixMillis origin_real_ms, UnixMillis origin_ms, double speed) noexcept
    : origin_real_ms_(origin_real_ms), origin_ms_(origin_ms), speed_(speed) {}

UnixMillis FastClock::now() const noexcept {
    return origin_ms_ + scaled(ms_of<std::chrono::system_clock>() - origin_real_ms_, speed_);
}

std::int64_t FastClock::steady_ms() const noexcept {
    return scaled(ms_of<std::chrono::steady_clock>(), speed_);
}

std::chrono::milliseconds FastClock::real(std::int64_t ms) const noexcept {
    // Rounded up: a wait that ends early would spin.
    return std::chrono::milliseconds{
        static_cast<std::int64_t>(std::ceil(static_cast<double>(ms) / speed_))};
}

std::unique_ptr<Clock> load_clock_file(const std::string& path) {
    std::ifstream in(path);
    UnixMillis origin_real = 0;
    UnixMillis origin = 0;
    double speed = 0;
    if (!(in >> origin_real >> origin >> speed)) {
        throw std::runtime_error(
            "cannot read clock file " + path + ": expected \"origin_real_ms origin_ms speed\""
        );
    }
    if (!(speed > 0 && speed <= 100'000)) {
        throw std::runtime_error("clock file " + path + ": speed must be above 0, at most 100000");
    }
    return std::make_unique<FastClock>(origin_real, origin, speed);
}

}  // namespace leadbridge
