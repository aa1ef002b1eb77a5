#pragma once
// Strong ids. An id is 64 bits, ours and time-ordered: 41 bits of ms since 2024-01-01, 10 bits of
// node, 12 bits of counter. In JSON an id is a decimal string.

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace leadbridge {

class Clock;

template <class Tag>
struct Id {
    std::int64_t value = 0;

    Id() = default;

    explicit Id(std::int64_t v) : value(v) {}

    auto operator<=>(const Id&) const = default;

    explicit operator bool() const noexcept { return value != 0; }

    std::string str() const { return std::to_string(value); }
};

// The tenant: every row and every key begins with it.
using CorpId = Id<struct CorpTag>;

// A decimal id as it stands in a path or JSON; nullopt unless it is 1..2^63-1 without sign or
// leading zeros.
std::optional<std::int64_t> parse_id(std::string_view text) noexcept;

template <class I>
std::optional<I> parse_id_as(std::string_view text) noexcept {
    if (auto v = parse_id(text)) {
        return I{*v};
    }
    return std::nullopt;
}

// Makes ids. Thread-safe, lock-free; never repeats and never goes backwards within a node, whatever
// the clock does.
class IdSource {
public:
    // node: 0..1023, leased per process (always 0 on SQLite).
    IdSource(const Clock& clock, int node) : clock_(clock), node_(node) {}

    std::int64_t next() noexcept;

    template <class I>
    I next_as() noexcept {
        return I{next()};
    }

private:
    const Clock& clock_;
    const int node_;
    std::atomic<std::int64_t> last_{0};  // ms << 12 | counter
};

// The UnixMillis in which an id was made.
std::int64_t id_time_ms(std::int64_t id) noexcept;
// The smallest id that could be made in this UnixMillis; 0 before ids begin.
std::int64_t first_id_of(std::int64_t ms) noexcept;

}  // namespace leadbridge

template <class Tag>
struct std::hash<leadbridge::Id<Tag>> {
    std::size_t operator()(const leadbridge::Id<Tag>& id) const noexcept {
        return std::hash<std::int64_t>{}(id.value);
    }
};
