#include "base/secret.h"

#include <cstring>

#include "base/crypto.h"

namespace leadbridge {

namespace {

// The whole capacity: a short string that was moved away leaves its characters in the old object.
void wipe(std::string& value) noexcept {
    value.resize(value.capacity());
    ::explicit_bzero(value.data(), value.size());
    value.clear();
}

}  // namespace

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {
    wipe(other.value_);
}

Secret& Secret::operator=(const Secret& other) {
    if (this != &other) {
        wipe(value_);
        value_ = other.value_;
    }
    return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe(value_);
        value_ = std::move(other.value_);
        wipe(other.value_);
    }
    return *this;
}

Secret::~Secret() {
    wipe(value_);
}

bool Secret::equals(std::string_view other) const noexcept {
    return crypto::equal_constant_time(value_, other);
}

}  // namespace leadbridge
