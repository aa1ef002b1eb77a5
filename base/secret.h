#pragma once
// A value that must not reach a log, an error text or a core dump by accident: it prints as "***"
// and is wiped when it goes.

#include <string>
#include <string_view>
#include <utility>

namespace leadbridge {

class Secret {
public:
    Secret() = default;

    explicit Secret(std::string value) : value_(std::move(value)) {}

    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept;
    Secret& operator=(const Secret& other);
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();

    // The clear value. Name the call where it is used; never store the view.
    std::string_view reveal() const noexcept { return value_; }

    bool empty() const noexcept { return value_.empty(); }

    // Constant-time.
    bool equals(std::string_view other) const noexcept;

private:
    std::string value_;
};

}  // namespace leadbridge
