#pragma once
// Calls to WeCom's API for one corp: breaker, limiter, token, HTTP, the meaning of the errcode, and
// the retries each class of error deserves. Blocks; for job workers. Never logs a URL: the token
// stands in it.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/http_client.h"
#include "base/id.h"
#include "base/job_queue.h"
#include "base/metrics.h"
#include "base/rate_limiter.h"
#include "base/result.h"
#include "base/rng.h"
#include "connectors/wecom/access_token.h"
#include "connectors/wecom/api.h"
#include "connectors/wecom/api_meter.h"
#include "connectors/wecom/breaker.h"
#include "connectors/wecom/wecom_error.h"
#include "crm/staff/corp.h"

namespace boost::json {
class object;
}

namespace leadbridge::wecom {

using CorpPtr =
    std::shared_ptr<const crm::Corp>;  // one immutable version, shared by whoever uses it
using CorpLookup = std::function<CorpPtr(CorpId)>;  // nullptr when unknown

struct ApiRequest {
    std::vector<std::pair<std::string, std::string>> query = {};  // without access_token
    std::string body = {};                                        // JSON, raw UTF-8
    std::vector<FormPart> parts = {};                             // multipart instead of body
    // Asked right before the request leaves; false = it does not (Error{conflict}, reason
    // "not_sent").
    std::function<bool()> may_send = {};
};

// An answer with errcode 0 (or none).
class ApiReply {
public:
    explicit ApiReply(std::shared_ptr<const boost::json::object> object)
        : object_(std::move(object)) {}

    const boost::json::object& object() const noexcept { return *object_; }

private:
    std::shared_ptr<const boost::json::object> object_;  // shared by copies of the reply
};

// An API as a corp uses it.
struct ApiQuota {
    ApiMeter::Use use;
    double per_minute = 0;      // the corp's limit
    double allowed = 0;         // of it, what goes since WeCom's last complaints
    std::int64_t rests_ms = 0;  // nothing goes for so long; 0 = it does not rest
};

struct ApiClientOptions {
    std::int64_t max_limiter_wait_ms = 5'000;  // longer: the job is put back instead
    std::function<void(std::int64_t)> sleep;   // empty: really sleeps clock.real(ms)
    BreakerLimits breaker = {};
};

class ApiClient {
public:
    ApiClient(
        CorpLookup corps,
        HttpClient& http,
        TokenStore& tokens,
        const Clock& clock,
        Rng& rng,
        Metrics& metrics,
        ApiClientOptions options = {}
    );

    // Errors: what the errcode means (wecom_error.h); unknown_result when a call that must not be
    // repeated may have been carried out; retry_later and limited when it certainly was not.
    // retry_after_ms > 0 asks the caller to wait without counting it as a failed try.
    Result<ApiReply> call(CorpId corp, const Api& api, const ApiRequest& request = {});

    // One attempt with these timeouts: no breaker, limiter or retry but the one for a refused
    // token. For the welcome lane.
    struct Once {
        std::int64_t connect_timeout_ms;
        std::int64_t timeout_ms;
    };

    Result<ApiReply> call_once(
        const crm::Corp& corp, const Api& api, const ApiRequest& request, const Once& timeouts
    );

    CorpPtr corp(CorpId id) const { return corps_(id); }

    TokenStore& tokens() noexcept { return tokens_; }

    // The breaker's pause of a corp in ms; 0 = none.
    std::int64_t paused_ms(CorpId corp);
    // Of the APIs that this process has called for the corp, by name.
    std::vector<ApiQuota> quotas(CorpId corp) const;

private:
    struct Limit {
        RateLimits configured;
        std::shared_ptr<RateLimiter>
            limiter;              // shared with the calls in flight while settings change
        int rate_complaints = 0;  // in a row: the window is longer than we thought
    };

    struct Attempt {
        Result<ApiReply> result;
        RetryClass retry = RetryClass::none;
        bool network = false;  // no answer, or a 5xx
        bool sent = false;     // the remote may have carried it out
        bool token_known = true;
        Secret token = {};
    };

    struct Tries {
        int busy = 0;
        int concurrency = 0;
        int token = 0;
    };

    Attempt attempt(
        const crm::Corp& corp,
        const Api& api,
        const ApiRequest& request,
        const Once& timeouts,
        bool renew_early
    );
    Attempt read_reply(const Api& api, const Result<HttpReply>& reply) const;
    Status wait_for_turn(const crm::Corp& corp, const Api& api, RateLimiter& limiter);
    std::shared_ptr<RateLimiter> limiter(const crm::Corp& corp, const Api& api);
    Breaker& breaker(CorpId corp);
    // Ms to sleep before the next try; -1 when the attempt's result stands.
    std::int64_t next_try_ms(
        const crm::Corp& corp, const Api& api, const Attempt& attempt, Tries& tries
    );
    std::int64_t park(const crm::Corp& corp, const Api& api, std::int64_t advised_ms);
    void judge(const crm::Corp& corp, const Api& api, Attempt& attempt);
    void count(CorpId corp, const Api& api, const Attempt& attempt, std::int64_t began_ms);
    void sleep(std::int64_t ms) const;

    const CorpLookup corps_;
    HttpClient& http_;
    TokenStore& tokens_;
    const Clock& clock_;
    Rng& rng_;
    Metrics& metrics_;
    const ApiClientOptions options_;
    ApiMeter meter_;
    Guarded<std::map<std::pair<CorpId, std::string_view>, Limit>> limits_;
    Guarded<std::map<CorpId, std::unique_ptr<Breaker>>> breakers_;
};

// What a job that failed with this error does next: holds without counting a try, tries again, or
// is dead.
JobOutcome job_outcome(const Error& error, const Clock& clock);

}  // namespace leadbridge::wecom
