#pragma once
// What a page needs of every contact of a corp before it reads the rows it shows: when the contact
// and its newest lead were last touched, and which characters its names and remarks have. Some 20
// bytes per contact. Kept by contact_sets. Not thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "crm/nurture/ord_set.h"

namespace leadbridge::crm {

enum class TouchOf : std::uint8_t { contact, newest_lead };

// Where a page in the order of touch goes on.
struct TouchWalk {
    TouchOf of = TouchOf::contact;
    bool newest_first = true;
    std::optional<UnixMillis> from = {};  // the touch of the last one shown
    std::size_t n = 200;                  // at least 1
};

struct TouchedOrd {
    std::uint32_t ord;
    std::int64_t second;  // of its touch
};

class ContactColumns {
public:
    void clear();
    void shrink();  // after building
    void touched(std::uint32_t ord, UnixMillis at);
    void newest_lead(std::uint32_t ord, UnixMillis at, std::size_t leads);
    // What a text no longer says stays: with_characters answers too many, never too few.
    void says(std::uint32_t ord, std::string_view folded);

    // Who may have all characters of a text, which is folded (contact_text.h), in whatever order.
    OrdSet with_characters(std::string_view folded) const;
    // Of a set: at least n where so many are left, and with each all who share its second, in the
    // order of the walk; the second of `from` is among them, beside the n. Of a walk by leads:
    // those who have any, and those with several wherever their newest stands.
    std::vector<TouchedOrd> nearest(const OrdSet& set, const TouchWalk& walk) const;

    std::size_t bytes() const noexcept;

private:
    std::vector<std::uint32_t> touch_;                      // second, by ord
    std::vector<std::uint32_t> lead_;                       // second of the newest lead; 0: no lead
    OrdSet several_;                                        // have more than one lead
    std::unordered_map<std::uint32_t, OrdSet> characters_;  // by their bytes
};

}  // namespace leadbridge::crm
