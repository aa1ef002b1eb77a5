#pragma once
// What WeCom's errcodes mean for us: the ErrorCode callers decide on, and the retry each deserves.
// Pages 90313 (codes), 90454 (frequency limits). errmsg is free text that changes: shown to people,
// never parsed.

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace leadbridge::wecom {

enum class RetryClass : std::uint8_t {
    none,         // the answer stands
    busy,         // -1, 6000: 0.5, 1, 2 s, then as a job
    token,        // refresh the token that failed, once
    rate,         // 45009: stop this API for its window
    concurrency,  // 45033: fewer at a time, up to 4 tries
    later,        // the remote still works on it: ask again in its own time
    credentials,  // wrong secret, disabled app or untrusted address: pause the corp's queues
};

struct ErrcodeMeaning {
    ErrorCode code;
    RetryClass retry;
    std::string_view reason;  // Error::reason; "" for codes nobody decides on
    std::string_view cause;   // for the operator, with the fix where one is known
};

// Never fails: an unknown code is permanent.
ErrcodeMeaning meaning_of(int errcode) noexcept;

// errcode must not be 0. `api` names the call, e.g. "externalcontact/get".
Error errcode_error(std::string_view api, int errcode, std::string_view errmsg);

}  // namespace leadbridge::wecom
