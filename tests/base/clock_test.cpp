#include "base/clock.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace leadbridge {
namespace {

TEST(FastClock, RunsAtItsSpeedFromItsOrigin) {
    const UnixMillis real = SystemClock{}.now();
    const FastClock clock(real - 1000, 5'000'000, 60);
    const UnixMillis now = clock.now();
    EXPECT_GE(now, 5'060'000);
    EXPECT_LT(now, 5'060'000 + 60 * 5000);
    const std::int64_t before = clock.steady_ms();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_GE(clock.steady_ms() - before, 60 * 19);
}

TEST(FastClock, GivesTimedWaitsTheRealTimeRoundedUp) {
    const FastClock clock(0, 0, 60);
    EXPECT_EQ(clock.real(60'000).count(), 1000);
    EXPECT_EQ(clock.real(1).count(), 1);
    EXPECT_EQ(clock.real(0).count(), 0);
    EXPECT_EQ(SystemClock{}.real(250).count(), 250);
}

TEST(ClockFile, TwoReadersAgreeAndBrokenFilesAreNamed) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("leadbridge-clock-" + std::to_string(SystemClock{}.now()));
    std::ofstream(path) << SystemClock{}.now() << " 1000000 10\n";
    const auto one = load_clock_file(path);
    const auto two = load_clock_file(path);
    EXPECT_NEAR(static_cast<double>(one->now()), static_cast<double>(two->now()), 500);
    for (const char* wrong : {"", "1 2", "1 2 0", "1 2 -3", "a b c", "1 2 nan"}) {
        std::ofstream(path) << wrong;
        EXPECT_THROW(load_clock_file(path), std::runtime_error) << wrong;
    }
    std::filesystem::remove(path);
    try {
        load_clock_file(path);
        FAIL() << "a missing file was accepted";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos);
    }
}

}  // namespace
}  // namespace leadbridge
