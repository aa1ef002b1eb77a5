#pragma once
// How far a long command is. .cpp files only.

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace leadbridge::gateway {

// One line that changes, for a person who watches.
class ProgressLine {
public:
    ProgressLine() : watched_(::isatty(STDERR_FILENO) == 1) {}

    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    ~ProgressLine() {
        if (shown_) {
            std::fprintf(stderr, "\r\033[K");
        }
    }

    void show(const std::string& step, std::int64_t done, std::int64_t total) {
        const auto now = std::chrono::steady_clock::now();
        if (!watched_ || now - last_ < every) {
            return;
        }
        last_ = now;
        shown_ = true;
        const auto percent = total > 0 ? done * 100 / total : 0;
        std::fprintf(stderr, "\r\033[K%s %lld%%", step.c_str(), static_cast<long long>(percent));
    }

private:
    static constexpr auto every = std::chrono::milliseconds(200);

    const bool watched_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point last_;
};

}  // namespace leadbridge::gateway
