// What comes after an attempt: limiter and breaker are told, the next try is decided, the job's
// outcome chosen.
#include <algorithm>

#include "base/backoff.h"
#include "base/log.h"
#include "connectors/wecom/api_client.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t busy_delays_ms[] = {500, 1'000, 2'000};
constexpr std::int64_t concurrency_delays_ms[] = {500, 1'000, 1'500, 2'000};
// The window of a 45009 is not in the answer: a minute first, then what a longer window needs.
constexpr std::int64_t windows_ms[] = {60'000, 600'000, 3'600'000};
constexpr std::int64_t refused_ms = 60'000;  // a new trusted IP applies after a minute

std::string_view class_of(const Error& error, RetryClass retry, bool network) {
    if (network) {
        return "network";
    }
    switch (retry) {
        case RetryClass::busy:
            return "busy";
        case RetryClass::token:
            return "token";
        case RetryClass::rate:
            return "rate";
        case RetryClass::concurrency:
            return "concurrency";
        case RetryClass::later:
            return "later";
        case RetryClass::credentials:
            return "credentials";
        case RetryClass::none:
            break;
    }
    return error.code == ErrorCode::not_found ? "not_found" : "refused";
}

}  // namespace

// Tells limiter and breaker what came of it.
void ApiClient::judge(const crm::Corp& corp, const Api& api, Attempt& made) {
    Breaker& gate = breaker(corp.id);
    if (made.network) {
        gate.unreachable();
    } else if (made.retry == RetryClass::credentials) {
        const Error& error = made.result.error();
        gate.refused(std::max(refused_ms, error.retry_after_ms));
        log::error("wecom", "calls of a corp pause", {{"corp", corp.id}, {"cause", error.message}});
    } else {
        gate.answered();
    }
    if (made.retry == RetryClass::concurrency) {
        limiter(corp, api)->complain_concurrency();
    }
    if (made.result) {
        auto limits = limits_.lock();
        (*limits)[{corp.id, api.name}].rate_complaints = 0;
        return;
    }
    Error error = std::move(made.result).error();
    if (made.retry == RetryClass::rate) {
        error.retry_after_ms = park(corp, api, error.retry_after_ms);
    }
    if (made.network || made.retry == RetryClass::credentials) {
        error.retry_after_ms = gate.open_ms();
    }
    if (made.sent) {
        error.code =
            api.repeat == Repeat::safe ? ErrorCode::retry_later : ErrorCode::unknown_result;
    }
    made.result = std::move(error);
}

std::int64_t ApiClient::park(const crm::Corp& corp, const Api& api, std::int64_t advised_ms) {
    const auto turn = limiter(corp, api);
    if (const auto parked = turn->parked_ms(); parked > 0) {
        return parked;  // calls in flight together are refused together
    }
    turn->complain_rate();
    auto limits = limits_.lock();
    Limit& limit = (*limits)[{corp.id, api.name}];
    const auto window =
        advised_ms > 0 ? advised_ms : windows_ms[std::min(limit.rate_complaints, 2)];
    ++limit.rate_complaints;
    turn->park(window);
    log::warn(
        "wecom",
        "an API is parked: its frequency limit is used up",
        {{"corp", corp.id}, {"api", api.name}, {"ms", window}}
    );
    return window;
}

std::int64_t ApiClient::next_try_ms(
    const crm::Corp& corp, const Api& api, const Attempt& made, Tries& tries
) {
    switch (made.retry) {
        case RetryClass::busy: {
            const bool again = !made.sent || api.repeat == Repeat::safe;
            if (!again || tries.busy >= 3 || made.result.error().retry_after_ms > 0) {
                return -1;
            }
            return jittered(busy_delays_ms[tries.busy++], 0.3, rng_);
        }
        case RetryClass::concurrency:
            return tries.concurrency >= 4
                       ? -1
                       : jittered(concurrency_delays_ms[tries.concurrency++], 0.3, rng_);
        case RetryClass::token:
            if (tries.token++ > 0) {
                return -1;
            }
            tokens_.invalidate(corp.id, api.secret, made.token);
            return 0;
        default:
            return -1;
    }
}

void ApiClient::count(CorpId corp, const Api& api, const Attempt& made, std::int64_t began_ms) {
    const bool limited = made.retry == RetryClass::rate || made.retry == RetryClass::concurrency;
    meter_.count(corp, api.name, limited ? ApiMeter::Limited::yes : ApiMeter::Limited::no);
    const std::string outcome(
        made.result ? "ok" : class_of(made.result.error(), made.retry, made.network)
    );
    metrics_
        .counter(
            "leadbridge_wecom_calls_total",
            "calls to WeCom by API and outcome",
            {{"api", std::string(api.name)}, {"class", outcome}}
        )
        .add();
    metrics_
        .histogram(
            "leadbridge_wecom_call_seconds",
            "time of calls to WeCom",
            {0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30},
            {{"api", std::string(api.name)}}
        )
        .observe(static_cast<double>(clock_.steady_ms() - began_ms) / 1'000.0);
}

JobOutcome job_outcome(const Error& error, const Clock& clock) {
    if (error.retry_after_ms > 0) {
        return JobHold{clock.now() + error.retry_after_ms, error.message};
    }
    switch (error.code) {
        case ErrorCode::auth:
            return JobHold{clock.now() + refused_ms, error.message};
        case ErrorCode::limited:
            if (error.reason == "rate_limit" || error.reason == "limited") {
                return JobHold{clock.now() + refused_ms, error.message};
            }
            return JobRetry{error.message};
        case ErrorCode::retry_later:
        case ErrorCode::unknown_result:
        case ErrorCode::overloaded:
        case ErrorCode::internal:
        case ErrorCode::stale:
            return JobRetry{error.message};
        default:
            return JobDead{error.message};
    }
}

}  // namespace leadbridge::wecom
