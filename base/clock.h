#pragma once
// Time comes from an injected Clock, never from the system directly.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace leadbridge {

using UnixMillis = std::int64_t;  // UTC milliseconds since 1970

class Clock {
public:
    virtual ~Clock() = default;
    // Wall clock. May step backwards.
    virtual UnixMillis now() const noexcept = 0;
    // Never steps backwards; runs at the same rate as now(). Only differences mean something.
    virtual std::int64_t steady_ms() const noexcept = 0;

    // The real time that passes while `ms` of this clock pass: what a timed wait must be given.
    // Equal to ms unless the clock is a fast one.
    virtual std::chrono::milliseconds real(std::int64_t ms) const noexcept {
        return std::chrono::milliseconds{ms};
    }
};

class SystemClock final : public Clock {
public:
    UnixMillis now() const noexcept override;
    std::int64_t steady_ms() const noexcept override;
};

// A clock that runs `speed` times as fast from an origin shared by daemon and sandbox: both read
// the same small file
// ("origin_real_ms origin_ms speed\n") and so agree. Only for `serve --sandbox` and tests.
class FastClock final : public Clock {
public:
    FastClock(UnixMillis origin_real_ms, UnixMillis origin_ms, double speed) noexcept;
    UnixMillis now() const noexcept override;
    std::int64_t steady_ms() const noexcept override;
    std::chrono::milliseconds real(std::int64_t ms) const noexcept override;

private:
    const UnixMillis origin_real_ms_;
    const UnixMillis origin_ms_;
    const double speed_;
};

// Reads such a file; throws std::runtime_error naming the file when it cannot be read.
std::unique_ptr<Clock> load_clock_file(const std::string& path);

// For tests: stands still until told.
class ManualClock final : public Clock {
public:
    explicit ManualClock(UnixMillis start = 1'760'000'000'000) noexcept : now_(start) {}

    UnixMillis now() const noexcept override { return now_.load(); }

    std::int64_t steady_ms() const noexcept override { return steady_.load(); }

    void advance(std::int64_t ms) noexcept {
        now_ += ms;
        steady_ += ms;
    }

    void set(UnixMillis now) noexcept { now_ = now; }  // steps the wall clock only

private:
    std::atomic<UnixMillis> now_;
    std::atomic<std::int64_t> steady_{1'000'000};
};

}  // namespace leadbridge
