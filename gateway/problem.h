#pragma once
// RFC 9457 answers: the one place where ErrorCode becomes an HTTP status.

#include <string>
#include <string_view>

#include "base/http_types.h"
#include "base/result.h"

namespace leadbridge::gateway {

int http_status(ErrorCode code) noexcept;

// A 500 carries no detail: it is logged under the request id instead. A message of the form "field:
// what is wrong" names the field in `errors`.
Response problem(const Error& error, std::string_view request_id);

}  // namespace leadbridge::gateway
