#pragma once
// Result<T>: the return type of everything that may fail for an expected reason (bad input, the
// remote said no). A broken environment (disk full, database gone) is an exception; a bug is an
// assert.

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace leadbridge {

// What callers decide on. One function in gateway maps these to HTTP, one in connectors/wecom maps
// errcodes to these.
enum class ErrorCode : std::uint8_t {
    invalid,               // syntax: the input cannot be read
    rule_broken,           // the input can be read but breaks a rule (HTTP 422)
    not_found,             //
    conflict,              // already exists, or the state does not allow it
    stale,                 // If-Match does not match
    precondition_missing,  // If-Match is missing where it is required
    unauthenticated,       //
    forbidden,             //
    too_large,             //
    unsupported,           // media type, algorithm, kind
    limited,               // a rate or quota of ours or of the remote; retry later
    overloaded,            // a queue of ours is full; nothing was stored
    retry_later,           // the remote is down or busy; the call was certainly not carried out
    auth,                  // the remote refuses our credentials or our address
    unknown_result,        // a call was sent and no clear answer came: it may have been carried out
    permanent,             // the remote refuses this call for good
    corrupt,               // bytes do not verify (signature, checksum, seal)
    internal,              // anything else; a 500 tells nothing
};

std::string_view to_string(ErrorCode code) noexcept;

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;  // for the log and the operator: the cause and, where known, the fix
    std::string reason =
        {};  // stable machine-read word for problem+json, e.g. "tag_name_taken"; may be empty
    int upstream_code = 0;            // errcode of the remote where there was one
    std::int64_t retry_after_ms = 0;  // advice of the remote, 0 = none
};

template <class T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    // Implicit on purpose: `return value;` and `return Error{...};` read as they should.
    Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {
    }  // NOLINT(google-explicit-constructor)

    Result(Error error)
        : state_(std::in_place_index<1>, std::move(error)) {
    }  // NOLINT(google-explicit-constructor)

    explicit operator bool() const noexcept { return state_.index() == 0; }

    bool has_value() const noexcept { return state_.index() == 0; }

    T& value() & {
        assert(has_value());
        return *std::get_if<0>(&state_);
    }

    const T& value() const& {
        assert(has_value());
        return *std::get_if<0>(&state_);
    }

    // By value: `for (auto& x : f().value())` must not walk a list that is gone.
    T value() && {
        assert(has_value());
        return std::move(*std::get_if<0>(&state_));
    }

    T& operator*() & { return value(); }

    const T& operator*() const& { return value(); }

    T operator*() && { return std::move(*this).value(); }

    T* operator->() { return &value(); }

    const T* operator->() const { return &value(); }

    const Error& error() const& {
        assert(!has_value());
        return *std::get_if<1>(&state_);
    }

    Error&& error() && {
        assert(!has_value());
        return std::move(*std::get_if<1>(&state_));
    }

    T value_or(T other) const& { return has_value() ? **this : std::move(other); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() = default;

    Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

    explicit operator bool() const noexcept { return !error_; }

    bool has_value() const noexcept { return !error_; }

    const Error& error() const& {
        assert(error_);
        return *error_;
    }

    Error&& error() && {
        assert(error_);
        return std::move(*error_);
    }

private:
    std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace leadbridge
