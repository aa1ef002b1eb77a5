#include "base/result.h"

namespace leadbridge {

std::string_view to_string(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::invalid:
            return "invalid";
        case ErrorCode::rule_broken:
            return "rule_broken";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::conflict:
            return "conflict";
        case ErrorCode::stale:
            return "stale";
        case ErrorCode::precondition_missing:
            return "precondition_missing";
        case ErrorCode::unauthenticated:
            return "unauthenticated";
        case ErrorCode::forbidden:
            return "forbidden";
        case ErrorCode::too_large:
            return "too_large";
        case ErrorCode::unsupported:
            return "unsupported";
        case ErrorCode::limited:
            return "limited";
        case ErrorCode::overloaded:
            return "overloaded";
        case ErrorCode::retry_later:
            return "retry_later";
        case ErrorCode::auth:
            return "auth";
        case ErrorCode::unknown_result:
            return "unknown_result";
        case ErrorCode::permanent:
            return "permanent";
        case ErrorCode::corrupt:
            return "corrupt";
        case ErrorCode::internal:
            return "internal";
    }
    return "internal";
}

}  // namespace leadbridge
