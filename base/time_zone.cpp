#include "base/time_zone.h"

#include <date/date.h>
#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>

namespace leadbridge {

namespace {

using date::local_seconds;
using date::local_time;
using date::sys_time;
using std::chrono::milliseconds;
using Local = local_time<milliseconds>;

// The years that RFC 3339 can write; anything outside is a broken value and is shown as the
// nearest.
constexpr UnixMillis first_ms = -62'167'219'200'000;
constexpr UnixMillis last_ms = 253'402'300'799'999;

sys_time<milliseconds> sys(UnixMillis ms) {
    return sys_time<milliseconds>{milliseconds{std::clamp(ms, first_ms, last_ms)}};
}

// nullptr where the zone is unknown; the list is read once, by the library, under its own lock.
const date::time_zone* find_zone(std::string_view name) {
    try {
        return date::locate_zone(name);
    } catch (const std::runtime_error&) {
        return nullptr;
    }
}

const date::time_zone& zone_of(std::string_view name) {
    const date::time_zone* zone = find_zone(name);
    if (zone == nullptr) {
        throw std::runtime_error(
            "unknown time zone " + std::string(name) + " (is the package tzdata installed?)"
        );
    }
    return *zone;
}

Local local_of(UnixMillis ms, std::string_view zone) {
    return zone_of(zone).to_local(sys(ms));
}

// The first moment at which the zone's clocks show `local` or later.
UnixMillis first_moment(const date::time_zone& zone, local_seconds local) {
    const date::local_info info = zone.get_info(local);
    const auto moment = info.result == date::local_info::nonexistent
                            ? date::sys_seconds{info.first.end}
                            : date::sys_seconds{local.time_since_epoch() - info.first.offset};
    return milliseconds{moment.time_since_epoch()}.count();
}

struct Fields {
    date::year_month_day day;
    std::chrono::seconds time{};
    std::string_view rest;
};

// `count` digits at `at`, or -1.
int number(std::string_view text, std::size_t at, std::size_t count) noexcept {
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (i >= text.size() || text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

// "yyyy-MM-ddTHH:mm:ss" at the front of text; 'T', 't' or a space between.
std::optional<Fields> read_fields(std::string_view text) {
    if (text.size() < 19 || text[4] != '-' || text[7] != '-' || text[13] != ':' ||
        text[16] != ':' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) {
        return std::nullopt;
    }
    const int year = number(text, 0, 4);
    const int month = number(text, 5, 2);
    const int day = number(text, 8, 2);
    const int hour = number(text, 11, 2);
    const int minute = number(text, 14, 2);
    const int second = number(text, 17, 2);
    if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60) {
        return std::nullopt;
    }
    const date::year_month_day ymd{
        date::year{year},
        date::month{static_cast<unsigned>(month)},
        date::day{static_cast<unsigned>(day)}};
    if (!ymd.ok()) {
        return std::nullopt;
    }
    // A leap second counts as the first second of the next minute, as in POSIX time.
    return Fields{ymd, std::chrono::seconds{hour * 3600 + minute * 60 + second}, text.substr(19)};
}

Error bad_time() {
    return Error{ErrorCode::invalid, "not a time of the form 2026-01-02T03:04:05Z", "bad_time"};
}

// ".123456789" at the front, removed; nullopt when malformed.
std::optional<std::int64_t> take_fraction(std::string_view& rest) {
    if (!rest.starts_with('.')) {
        return 0;
    }
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789", 1), rest.size()) - 1;
    if (digits < 1 || digits > 9) {
        return std::nullopt;
    }
    std::string ms{rest.substr(1, std::min<std::size_t>(digits, 3))};
    ms.append(3 - ms.size(), '0');
    rest.remove_prefix(digits + 1);
    return number(ms, 0, 3);
}

// "Z" or "+08:00", the whole of rest; minutes east.
std::optional<int> read_offset(std::string_view rest) {
    if (rest == "Z" || rest == "z") {
        return 0;
    }
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') {
        return std::nullopt;
    }
    const int hours = number(rest, 1, 2);
    const int minutes = number(rest, 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return std::nullopt;
    }
    return (rest[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

template <class Time>
std::string civil(Time time, const char* separator) {
    const auto day = date::floor<date::days>(time);
    const date::year_month_day ymd{day};
    const date::hh_mm_ss<milliseconds> clock{time - day};
    return fmt::format(
        "{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}",
        static_cast<int>(ymd.year()),
        static_cast<unsigned>(ymd.month()),
        static_cast<unsigned>(ymd.day()),
        separator,
        clock.hours().count(),
        clock.minutes().count(),
        clock.seconds().count()
    );
}

}  // namespace

std::string rfc3339(UnixMillis ms) {
    const auto time = sys(ms);
    const auto fraction = time - date::floor<std::chrono::seconds>(time);
    return fmt::format("{}.{:03}Z", civil(time, "T"), fraction.count());
}

Result<UnixMillis> parse_rfc3339(std::string_view text) {
    auto fields = read_fields(text);
    if (!fields) {
        return bad_time();
    }
    const auto fraction = take_fraction(fields->rest);
    const auto offset = read_offset(fields->rest);
    if (!fraction || !offset) {
        return bad_time();
    }
    const auto moment = date::sys_days{fields->day} + fields->time - std::chrono::minutes{*offset};
    return milliseconds{moment.time_since_epoch()}.count() + *fraction;
}

bool time_zone_exists(std::string_view name) {
    return find_zone(name) != nullptr;
}

Result<UnixMillis> parse_local(std::string_view text, std::string_view zone) {
    const auto fields = read_fields(text);
    if (!fields || !fields->rest.empty()) {
        return Error{ErrorCode::invalid, "not a time of the form 2026-01-02 03:04:05", "bad_time"};
    }
    const date::time_zone* found = find_zone(zone);
    if (found == nullptr) {
        return Error{ErrorCode::invalid, "unknown time zone " + std::string(zone), "bad_time_zone"};
    }
    const local_seconds local = date::local_days{fields->day} + fields->time;
    // `first` is the offset before a gap, which moves the time forward by it, and the earlier of
    // two readings.
    const auto offset = found->get_info(local).first.offset;
    return milliseconds{local.time_since_epoch() - offset}.count();
}

std::string format_local(UnixMillis ms, std::string_view zone) {
    return civil(local_of(ms, zone), " ");
}

UnixMillis local_day_start(UnixMillis ms, std::string_view zone) {
    return first_moment(zone_of(zone), date::floor<date::days>(local_of(ms, zone)));
}

UnixMillis local_month_start(UnixMillis ms, std::string_view zone) {
    const date::year_month_day today{date::floor<date::days>(local_of(ms, zone))};
    return first_moment(zone_of(zone), date::local_days{today.year() / today.month() / 1});
}

int days_in_local_month(UnixMillis ms, std::string_view zone) {
    const date::year_month_day today{date::floor<date::days>(local_of(ms, zone))};
    const auto last = (today.year() / today.month() / date::last).day();
    return static_cast<int>(static_cast<unsigned>(last));
}

}  // namespace leadbridge
