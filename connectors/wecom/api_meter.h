#pragma once
// How much of each API a corp has used lately, for people to see; limits are kept by RateLimiter.
// Of this process alone, since its start. Thread-safe.

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/id.h"

namespace leadbridge::wecom {

class ApiMeter {
public:
    struct Use {
        std::string_view api;
        std::int64_t last_minute = 0;   // calls that left
        std::int64_t limited_hour = 0;  // of the last hour's calls, those refused as too many
        UnixMillis limited_ms = 0;      // the last of these; 0 = none since the start
    };

    explicit ApiMeter(const Clock& clock) : clock_(clock) {}

    enum class Limited : std::uint8_t { no, yes };
    // `api` lives as long as the program.
    void count(CorpId corp, std::string_view api, Limited limited);
    // By name.
    std::vector<Use> uses(CorpId corp) const;

private:
    // Sixty counts of equal length that follow one another, the oldest overwritten.
    class Ring {
    public:
        void add(std::int64_t slot);
        std::int64_t sum(std::int64_t slot) const;

    private:
        struct Count {
            std::int64_t slot = -1;
            std::int64_t n = 0;
        };

        std::array<Count, 60> counts_;
    };

    struct Meter {
        Ring calls;    // by second
        Ring limited;  // by minute
        UnixMillis limited_ms = 0;
    };

    const Clock& clock_;
    Guarded<std::map<std::pair<CorpId, std::string_view>, Meter>> meters_;
};

}  // namespace leadbridge::wecom
