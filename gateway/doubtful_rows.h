#pragma once
// Rows that start a welcome and whose commit failed: they may be stored all the same, and then
// their next try is a duplicate of which nobody has heard. Kept while a welcome lives, bounded.
// Thread-safe.

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/database.h"
#include "base/guarded.h"

namespace leadbridge::gateway {

class DoubtfulRows {
public:
    static constexpr std::int64_t life_ms = 20'000;

    explicit DoubtfulRows(const Clock& clock) : clock_(clock) {}

    // By the hash of the body: after a conflict the row stands under another key.
    void add(CorpId corp, const std::string& body_hash);
    bool contains(CorpId corp, const std::string& body_hash) const;
    void remove(CorpId corp, const std::string& body_hash);

private:
    using Key = std::pair<CorpId, std::string>;

    const Clock& clock_;
    mutable Guarded<std::map<Key, std::int64_t>> rows_;  // until when, steady ms
};

// The inbox row with this body whose key has the same time as `key`; 0 = none.
std::int64_t stored_row(
    Database& core, CorpId corp, const std::string& key, const std::string& body_hash
);

}  // namespace leadbridge::gateway
