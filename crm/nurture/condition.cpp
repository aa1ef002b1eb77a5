#include "crm/nurture/condition.h"

#include <algorithm>
#include <charconv>

namespace leadbridge::crm {

namespace {

constexpr std::int64_t max_span_ms = 3660LL * 24 * 3'600 * 1'000;

}  // namespace

std::optional<std::int64_t> parse_span(std::string_view text) noexcept {
    std::int64_t n = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{} || end + 1 != text.data() + text.size() || n < 1 ||
        n > max_span_ms / 1'000) {
        return std::nullopt;
    }
    std::int64_t unit = 0;
    switch (*end) {
        case 's':
            unit = 1'000;
            break;
        case 'm':
            unit = 60'000;
            break;
        case 'h':
            unit = 3'600'000;
            break;
        case 'd':
            unit = 86'400'000;
            break;
        case 'w':
            unit = 604'800'000;
            break;
        default:
            return std::nullopt;
    }
    if (n > max_span_ms / unit) {
        return std::nullopt;
    }
    return n * unit;
}

int condition_depth(const Condition& condition) noexcept {
    int below = 0;
    for (const Condition& child : condition.children) {
        below = std::max(below, condition_depth(child));
    }
    return below + 1;
}

int condition_terms(const Condition& condition) noexcept {
    if (condition.children.empty()) {
        return 1;
    }
    int n = 0;
    for (const Condition& child : condition.children) {
        n += condition_terms(child);
    }
    return n;
}

}  // namespace leadbridge::crm
