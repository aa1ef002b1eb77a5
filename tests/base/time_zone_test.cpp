#include "base/time_zone.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace leadbridge {
namespace {

UnixMillis utc(std::string_view text) {
    return parse_rfc3339(text).value();
}

TEST(Rfc3339, WritesAndReadsBack) {
    EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(rfc3339(1'767'323'045'006), "2026-01-02T03:04:05.006Z");
    EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
    for (const UnixMillis ms :
         {UnixMillis{0}, UnixMillis{951'782'400'000}, UnixMillis{1'900'000'000'123}}) {
        EXPECT_EQ(utc(rfc3339(ms)), ms);
    }
    EXPECT_EQ(rfc3339(INT64_MAX), "9999-12-31T23:59:59.999Z")
        << "a broken value must not break the reader";
    EXPECT_EQ(rfc3339(INT64_MIN), "0000-01-01T00:00:00.000Z");
}

TEST(Rfc3339, AcceptsOffsetsFractionsAndLeaps) {
    EXPECT_EQ(utc("2026-01-02T11:04:05+08:00"), utc("2026-01-02T03:04:05Z"));
    EXPECT_EQ(utc("2026-01-01T19:04:05-08:00"), utc("2026-01-02T03:04:05Z"));
    EXPECT_EQ(utc("2026-01-02t03:04:05.1z"), utc("2026-01-02T03:04:05.100Z"));
    EXPECT_EQ(utc("2026-01-02T03:04:05.123456789Z"), utc("2026-01-02T03:04:05.123Z"));
    EXPECT_EQ(utc("2024-02-29T00:00:00Z") - utc("2024-02-28T00:00:00Z"), 86'400'000);
    EXPECT_EQ(utc("2016-12-31T23:59:60Z"), utc("2017-01-01T00:00:00Z"));
}

TEST(Rfc3339, RefusesEverythingElse) {
    for (const char* wrong :
         {"",
          "2026",
          "2026-01-02",
          "2026-01-02T03:04:05",
          "2026-1-2T03:04:05Z",
          "2026-13-01T00:00:00Z",
          "2026-00-01T00:00:00Z",
          "2025-02-29T00:00:00Z",
          "2026-04-31T00:00:00Z",
          "2026-01-02T24:00:00Z",
          "2026-01-02T03:60:00Z",
          "2026-01-02T03:04:61Z",
          "2026-01-02T03:04:05.Z",
          "2026-01-02T03:04:05.1234567890Z",
          "2026-01-02T03:04:05+0800",
          "2026-01-02T03:04:05+24:00",
          "2026-01-02T03:04:05Zx",
          " 2026-01-02T03:04:05Z",
          "2026-01-02T03:04:05+08:0x",
          "-026-01-02T03:04:05Z",
          "1767323045"}) {
        EXPECT_FALSE(parse_rfc3339(wrong)) << wrong;
    }
}

TEST(TimeZone, KnowsItsNames) {
    EXPECT_TRUE(time_zone_exists("Asia/Shanghai"));
    EXPECT_TRUE(time_zone_exists("UTC"));
    for (const char* wrong : {"", "Asia/Nowhere", "../etc/passwd", "/etc/localtime"}) {
        EXPECT_FALSE(time_zone_exists(wrong)) << wrong;
    }
    EXPECT_FALSE(parse_local("2026-01-02 03:04:05", "Asia/Nowhere"));
    EXPECT_THROW(format_local(0, "Asia/Nowhere"), std::runtime_error);
}

TEST(TimeZone, ShanghaiIsEightHoursAhead) {
    EXPECT_EQ(
        parse_local("2026-01-02 11:04:05", "Asia/Shanghai").value(), utc("2026-01-02T03:04:05Z")
    );
    EXPECT_EQ(format_local(utc("2026-01-01T16:00:00Z"), "Asia/Shanghai"), "2026-01-02 00:00:00");
    EXPECT_FALSE(parse_local("2026-01-02 11:04:05Z", "Asia/Shanghai"));
    EXPECT_FALSE(parse_local("2026-02-30 11:04:05", "Asia/Shanghai"));
    // It had summer time from 1986 to 1991.
    EXPECT_EQ(format_local(utc("1988-07-01T00:00:00Z"), "Asia/Shanghai"), "1988-07-01 09:00:00");
}

TEST(TimeZone, GapsMoveForwardAndDoubleHoursTakeTheFirst) {
    EXPECT_EQ(
        parse_local("2026-03-08 02:30:00", "America/New_York").value(), utc("2026-03-08T07:30:00Z")
    );
    EXPECT_EQ(format_local(utc("2026-03-08T07:30:00Z"), "America/New_York"), "2026-03-08 03:30:00");
    EXPECT_EQ(
        parse_local("2026-11-01 01:30:00", "America/New_York").value(), utc("2026-11-01T05:30:00Z")
    );
}

TEST(TimeZone, DaysStartWhereTheLocalClockSays) {
    EXPECT_EQ(
        local_day_start(utc("2026-01-01T16:00:00Z"), "Asia/Shanghai"), utc("2026-01-01T16:00:00Z")
    );
    EXPECT_EQ(
        local_day_start(utc("2026-01-01T15:59:59.999Z"), "Asia/Shanghai"),
        utc("2025-12-31T16:00:00Z")
    );
    // A day of 23 hours, and one whose midnight does not exist.
    EXPECT_EQ(
        local_day_start(utc("2026-03-09T03:00:00Z"), "America/New_York"),
        utc("2026-03-08T05:00:00Z")
    );
    EXPECT_EQ(
        local_day_start(utc("2018-11-04T12:00:00Z"), "America/Sao_Paulo"),
        utc("2018-11-04T03:00:00Z")
    );
}

TEST(TimeZone, MonthsKnowTheirLength) {
    const auto shanghai = [](std::string_view text) {
        return days_in_local_month(utc(text), "Asia/Shanghai");
    };
    EXPECT_EQ(shanghai("2024-02-10T00:00:00Z"), 29);
    EXPECT_EQ(shanghai("2026-02-10T00:00:00Z"), 28);
    EXPECT_EQ(shanghai("2026-01-31T16:00:00Z"), 28) << "there it is February already";
    EXPECT_EQ(shanghai("2026-12-10T00:00:00Z"), 31);
    EXPECT_EQ(shanghai("2100-02-10T00:00:00Z"), 28);
    EXPECT_EQ(
        local_month_start(utc("2026-01-31T16:00:00Z"), "Asia/Shanghai"), utc("2026-01-31T16:00:00Z")
    );
    EXPECT_EQ(
        local_month_start(utc("2026-01-31T15:00:00Z"), "Asia/Shanghai"), utc("2025-12-31T16:00:00Z")
    );
}

TEST(TimeZone, ServesManyThreads) {
    std::vector<std::future<std::string>> results;
    for (const char* zone : {"Asia/Tokyo", "Europe/Berlin", "Asia/Tokyo", "Australia/Lord_Howe"}) {
        results.push_back(std::async(std::launch::async, [zone] { return format_local(0, zone); }));
    }
    EXPECT_EQ(results[0].get(), results[2].get());
    EXPECT_EQ(results[1].get(), "1970-01-01 01:00:00");
}

}  // namespace
}  // namespace leadbridge
