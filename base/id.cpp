#include "base/id.h"

#include <algorithm>
#include <charconv>

#include "base/clock.h"

namespace leadbridge {

namespace {

constexpr UnixMillis epoch_ms = 1'704'067'200'000;  // 2024-01-01T00:00:00Z
constexpr int counter_bits = 12;
constexpr int node_bits = 10;
constexpr std::int64_t counter_mask = (std::int64_t{1} << counter_bits) - 1;

}  // namespace

std::optional<std::int64_t> parse_id(std::string_view text) noexcept {
    if (text.empty() || text.front() < '1' || text.front() > '9') {
        return std::nullopt;
    }
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return value;
}

std::int64_t IdSource::next() noexcept {
    const std::int64_t now = std::max<std::int64_t>(0, clock_.now() - epoch_ms) << counter_bits;
    std::int64_t last = last_.load(std::memory_order_relaxed);
    std::int64_t mine = 0;
    do {
        // A clock that stands still or steps back, and a full counter, borrow from the following
        // millisecond.
        mine = std::max(now, last + 1);
    } while (!last_.compare_exchange_weak(last, mine, std::memory_order_relaxed));
    return (mine >> counter_bits) << (node_bits + counter_bits) |
           static_cast<std::int64_t>(node_) << counter_bits | (mine & counter_mask);
}

std::int64_t first_id_of(std::int64_t ms) noexcept {
    constexpr std::int64_t last_ms = (std::int64_t{1} << 41) - 1;
    return std::clamp<std::int64_t>(ms - epoch_ms, 0, last_ms) << (node_bits + counter_bits);
}

std::int64_t id_time_ms(std::int64_t id) noexcept {
    return (id >> (node_bits + counter_bits)) + epoch_ms;
}

}  // namespace leadbridge
