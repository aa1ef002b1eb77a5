#pragma once
// What building and following the bitmaps of a corp share. Private to contact_sets.

#include <string>
#include <string_view>

#include "base/database.h"
#include "crm/leads/lead.h"

namespace leadbridge::crm {

inline std::string set_key(std::string_view field, std::string_view value) {
    std::string key(field);
    key += ':';
    key += value;
    return key;
}

inline std::string set_key(std::string_view field, std::int64_t value) {
    return set_key(field, std::to_string(value));
}

// Of those with any value: no value is empty.
inline std::string any_key(std::string_view field) {
    return set_key(field, "");
}

template <class F>
void read_sets(Database& db, F fn) {
    Result<bool> done = db.read<bool>([&](Snapshot& s) -> Result<bool> {
        fn(s);
        return true;
    });
    if (!done) {
        throw DatabaseError("contact bitmaps: " + done.error().message);
    }
}

// The status of the open lead, else of the newest, over leads given one after another.
class NewestLead {
public:
    void see(LeadStatus status, UnixMillis opened, std::int64_t id) {
        const bool open = is_open(status);
        const bool newer = opened > opened_ || (opened == opened_ && id > id_);
        if (id_ == 0 || (open && !open_) || (open == open_ && newer)) {
            open_ = open;
            opened_ = opened;
            id_ = id;
            status_ = status;
        }
    }

    bool any() const { return id_ != 0; }

    LeadStatus status() const { return status_; }

private:
    bool open_ = false;
    UnixMillis opened_ = 0;
    std::int64_t id_ = 0;
    LeadStatus status_ = LeadStatus::unassigned;
};

}  // namespace leadbridge::crm
