#pragma once
// RFC 9457 answers: the one place where ErrorCode becomes an HTTP status.

#include <string>
#include <string_view>
#include <vector>

#include "base/http_types.h"
#include "base/result.h"

namespace leadbridge::gateway {

struct FieldError {
    std::string field;
    std::string code;
};

int http_status(ErrorCode code) noexcept;

// A 5xx carries no detail: it is logged under the request id instead.
Response problem(
    const Error& error, std::string_view request_id, const std::vector<FieldError>& fields = {}
);

}  // namespace leadbridge::gateway
