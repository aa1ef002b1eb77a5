#pragma once
// Civil time over date/tz on the system's tzdata. Inside, time is UTC milliseconds; people see
// their corp's zone.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace leadbridge {

std::string rfc3339(UnixMillis ms);                       // "2026-01-02T03:04:05.006Z"
Result<UnixMillis> parse_rfc3339(std::string_view text);  // any offset, 0..9 fraction digits

bool time_zone_exists(std::string_view name);
// "yyyy-MM-dd HH:mm:ss" in a zone, as forms send it. A time that does not exist (DST gap) is moved
// forward.
Result<UnixMillis> parse_local(std::string_view text, std::string_view zone);
std::string format_local(UnixMillis ms, std::string_view zone);  // "yyyy-MM-dd HH:mm:ss"
// First millisecond of the local day / month that contains ms.
UnixMillis local_day_start(UnixMillis ms, std::string_view zone);
UnixMillis local_month_start(UnixMillis ms, std::string_view zone);
int days_in_local_month(UnixMillis ms, std::string_view zone);

}  // namespace leadbridge
