#pragma once
// What happened since the day began and who waits for an answer, as home shows it: counted in sight
// of a viewer, and kept as base/kept.h has it.

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "base/kept.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {

class Query;

struct DayCounts {
    std::int64_t unanswered = 0;  // chats in which the contact spoke last
    std::int64_t adds = 0;
    std::int64_t losses = 0;
    std::int64_t leads_opened = 0;

    bool operator==(const DayCounts&) const = default;
};

// Thread-safe. The database outlives it.
class DayStock {
public:
    DayStock(Database& core, const Clock& clock) : core_(core), kept_(core, clock, most) {}

    // Events at or after `midnight`; unanswered since `waiting`. Both are part of what is kept:
    // give moments that many looks share.
    Result<DayCounts> of(const Viewer& viewer, UnixMillis midnight, UnixMillis waiting);

private:
    static constexpr std::size_t most = 2'000;  // viewers of a day

    // corp, member, scope, midnight, waiting
    using Key = std::tuple<std::int64_t, std::int64_t, Scope, UnixMillis, UnixMillis>;

    Database& core_;
    Kept<Key, DayCounts> kept_;
};

// The chats in sight that wait since then: a condition on `chat_summary cs`.
void where_unanswered(Query& query, const Viewer& viewer, UnixMillis waiting);

}  // namespace leadbridge::crm
