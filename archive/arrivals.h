#pragma once
// How many messages came in since a moment. A look goes on where the last one ended (message.n), so
// it reads what came in between and not the whole day.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "archive/message_store.h"
#include "base/guarded.h"

namespace leadbridge::archive {

struct ArrivalCounts {
    std::int64_t from_contacts = 0;
    std::int64_t from_members = 0;

    bool operator==(const ArrivalCounts&) const = default;
};

// Thread-safe. The database outlives it. Keeps two numbers for each member that somebody wrote
// with.
class Arrivals {
public:
    Arrivals(Database& archive, VisibleUserids visible)
        : archive_(archive), visible_(std::move(visible)) {}

    // Everything of the corp for who sees all, else the single conversations of members in sight.
    // A moment other than the last look's is counted from the start: ask for the day's.
    Result<ArrivalCounts> since(const crm::Viewer& viewer, UnixMillis moment);

private:
    struct Day {
        UnixMillis since = 0;
        std::int64_t to_n = -1;  // counted up to this message; -1 = nothing is
        std::map<std::string, ArrivalCounts> by_member;  // in lower case; "": of no single one
    };

    Status catch_up(Day& day, CorpId corp, UnixMillis moment);

    Database& archive_;
    const VisibleUserids visible_;
    Guarded<std::map<std::int64_t, std::shared_ptr<Guarded<Day>>>> corps_;
};

}  // namespace leadbridge::archive
