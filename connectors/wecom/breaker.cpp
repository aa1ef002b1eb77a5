#include "connectors/wecom/breaker.h"

#include <algorithm>

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t longest_probe_ms = 90'000;  // a media upload and its token
constexpr std::int64_t beside_probe_ms = 1'000;

}  // namespace

std::int64_t Breaker::acquire() {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady_ms();
    if (open_until_ == 0) {
        return 0;
    }
    if (now < open_until_) {
        return open_until_ - now;
    }
    if (now < probe_until_) {
        return beside_probe_ms;
    }
    probe_until_ = now + longest_probe_ms;
    return 0;
}

void Breaker::give_back() {
    const std::lock_guard lock(mutex_);
    probe_until_ = 0;
}

void Breaker::answered() {
    const std::lock_guard lock(mutex_);
    // A call that was on its way when the breaker opened says nothing about now.
    if (open_until_ != 0 && clock_.steady_ms() < open_until_) {
        return;
    }
    failures_ = 0;
    open_for_ms_ = 0;
    open_until_ = 0;
    probe_until_ = 0;
}

void Breaker::unreachable() {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady_ms();
    if (open_until_ != 0 && now < open_until_) {
        return;
    }
    if (++failures_ < limits_.network_failures) {
        return;
    }
    open_for_ms_ =
        open_for_ms_ == 0 ? limits_.first_open_ms : std::min(open_for_ms_ * 2, limits_.max_open_ms);
    open_until_ = now + open_for_ms_;
    probe_until_ = 0;
}

void Breaker::refused(std::int64_t ms) {
    const std::lock_guard lock(mutex_);
    open_until_ = std::max(open_until_, clock_.steady_ms() + ms);
    probe_until_ = 0;
}

std::int64_t Breaker::open_ms() const {
    const std::lock_guard lock(mutex_);
    return open_until_ == 0 ? 0 : std::max<std::int64_t>(1, open_until_ - clock_.steady_ms());
}

}  // namespace leadbridge::wecom
