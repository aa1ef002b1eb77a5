#pragma once
// How often the toolbar's page may have something unknown fetched from WeCom: each object once in
// 20 s, and 20 objects a minute per member, since the id comes from a browser. Thread-safe.

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/id.h"
#include "crm/staff/viewer.h"

namespace leadbridge::gateway {

class SideFetches {
public:
    explicit SideFetches(const Clock& clock) : clock_(clock) {}

    // True: fetch it now, and this counts.
    bool due(const crm::Viewer& viewer, std::string_view object);

private:
    struct Used {
        std::int64_t until = 0;  // steady ms
        int count = 0;
    };

    const Clock& clock_;
    // By corp and "o:OBJECT" or "m:MEMBER".
    Guarded<std::map<std::pair<CorpId, std::string>, Used>> used_;
};

}  // namespace leadbridge::gateway
