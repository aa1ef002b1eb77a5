#include "connectors/wecom/api_client.h"

#include <algorithm>
#include <thread>

#include "base/json.h"

namespace leadbridge::wecom {

namespace {

constexpr std::size_t max_reply_bytes = 10 << 20;
constexpr std::int64_t max_retry_after_s = 86'400;

std::string url_of(
    const crm::Corp& corp, const Api& api, const ApiRequest& request, const Secret& token
) {
    std::string url = corp.api_base + "/cgi-bin/" + std::string(api.name) +
                      "?access_token=" + percent_encode(token.reveal());
    for (const auto& [name, value] : request.query) {
        url += '&' + percent_encode(name) + '=' + percent_encode(value);
    }
    return url;
}

// Holds a slot of the limiter for the time of one attempt.
class Slot {
public:
    explicit Slot(RateLimiter& limiter) : limiter_(limiter) {}

    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    ~Slot() { limiter_.release(); }

private:
    RateLimiter& limiter_;
};

}  // namespace

ApiClient::ApiClient(
    CorpLookup corps,
    HttpClient& http,
    TokenStore& tokens,
    const Clock& clock,
    Rng& rng,
    Metrics& metrics,
    ApiClientOptions options
)
    : corps_(std::move(corps)),
      http_(http),
      tokens_(tokens),
      clock_(clock),
      rng_(rng),
      metrics_(metrics),
      options_(std::move(options)),
      meter_(clock) {}

void ApiClient::sleep(std::int64_t ms) const {
    if (options_.sleep) {
        options_.sleep(ms);
    } else {
        std::this_thread::sleep_for(clock_.real(ms));
    }
}

Breaker& ApiClient::breaker(CorpId corp) {
    auto breakers = breakers_.lock();
    auto& slot = (*breakers)[corp];
    if (!slot) {
        slot = std::make_unique<Breaker>(clock_, options_.breaker);
    }
    return *slot;
}

std::int64_t ApiClient::paused_ms(CorpId corp) {
    return breaker(corp).open_ms();
}

std::vector<ApiQuota> ApiClient::quotas(CorpId corp_id) const {
    const auto corp = corps_(corp_id);
    std::vector<ApiQuota> out;
    for (const ApiMeter::Use& use : meter_.uses(corp_id)) {
        ApiQuota quota{use, corp ? corp->limits.calls_per_minute : 0.0, 0, 0};
        quota.allowed = quota.per_minute;
        auto limits = limits_.lock();
        const auto found = limits->find({corp_id, use.api});
        if (found != limits->end() && found->second.limiter) {
            const RateLimiter& limiter = *found->second.limiter;
            quota.allowed = std::min(quota.allowed, limiter.current().per_minute);
            quota.rests_ms = limiter.parked_ms();
        }
        out.push_back(quota);
    }
    return out;
}

std::shared_ptr<RateLimiter> ApiClient::limiter(const crm::Corp& corp, const Api& api) {
    const RateLimits wanted{corp.limits.calls_per_minute, corp.limits.concurrency};
    auto limits = limits_.lock();
    Limit& limit = (*limits)[{corp.id, api.name}];
    if (!limit.limiter || limit.configured.per_minute != wanted.per_minute ||
        limit.configured.concurrency != wanted.concurrency) {
        limit.configured = wanted;
        limit.limiter = std::make_shared<RateLimiter>(clock_, wanted);
    }
    return limit.limiter;
}

Status ApiClient::wait_for_turn(const crm::Corp& corp, const Api& api, RateLimiter& limiter) {
    if (const auto wait = breaker(corp.id).acquire(); wait > 0) {
        return Error{
            ErrorCode::retry_later,
            std::string(api.name) + ": WeCom is out of reach or refuses this corp; calls pause",
            "paused",
            0,
            wait};
    }
    std::int64_t waited = 0;
    for (;;) {
        const auto wait = limiter.acquire();
        if (wait == 0) {
            return {};
        }
        if (waited + wait > options_.max_limiter_wait_ms) {
            breaker(corp.id).give_back();
            return Error{
                ErrorCode::limited,
                std::string(api.name) + ": the rate limit of this API is used up",
                "limited",
                0,
                wait};
        }
        sleep(wait);
        waited += wait;
    }
}

Result<ApiReply> ApiClient::call(CorpId corp_id, const Api& api, const ApiRequest& request) {
    const auto corp = corps_(corp_id);
    if (!corp) {
        return Error{ErrorCode::not_found, "the corp does not exist any more", "unknown_corp"};
    }
    Tries tries;
    for (;;) {
        const auto turn = limiter(*corp, api);
        if (auto go = wait_for_turn(*corp, api, *turn); !go) {
            return std::move(go).error();
        }
        Attempt made = [&] {
            const Slot slot(*turn);
            return attempt(*corp, api, request, {api.connect_timeout_ms, api.timeout_ms}, true);
        }();
        judge(*corp, api, made);
        if (made.result) {
            return made.result;
        }
        const auto delay = next_try_ms(*corp, api, made, tries);
        if (delay < 0) {
            return made.result;
        }
        sleep(delay);
    }
}

Result<ApiReply> ApiClient::call_once(
    const crm::Corp& corp, const Api& api, const ApiRequest& request, const Once& timeouts
) {
    Attempt made = attempt(corp, api, request, timeouts, false);
    if (made.retry == RetryClass::token && made.token_known) {
        tokens_.invalidate(corp.id, api.secret, made.token);
        made = attempt(corp, api, request, timeouts, false);
    }
    return made.result;
}

ApiClient::Attempt ApiClient::attempt(
    const crm::Corp& corp,
    const Api& api,
    const ApiRequest& request,
    const Once& timeouts,
    bool renew_early
) {
    auto token = tokens_.get(
        corp,
        api.secret,
        {timeouts.connect_timeout_ms,
         std::min<std::int64_t>(timeouts.timeout_ms, 10'000),
         renew_early}
    );
    if (!token) {
        Attempt failed{std::move(token).error()};
        const Error& error = failed.result.error();
        failed.token_known = false;
        failed.network = error.reason == "network";
        failed.retry = meaning_of(error.upstream_code).retry;
        if (error.upstream_code == 0) {
            failed.retry =
                error.code == ErrorCode::retry_later ? RetryClass::busy : RetryClass::none;
        } else if (failed.retry == RetryClass::token) {
            failed.retry = RetryClass::credentials;  // gettoken itself was told so
        }
        return failed;
    }
    const auto began = clock_.steady_ms();
    HttpCall call;
    call.method = api.method;
    call.url = url_of(corp, api, request, *token);
    if (api.method == Method::post && request.parts.empty()) {
        call.headers.set("Content-Type", "application/json; charset=utf-8");
        call.body = request.body.empty() ? "{}" : request.body;
    }
    call.parts = request.parts;
    call.connect_timeout_ms = timeouts.connect_timeout_ms;
    call.timeout_ms = timeouts.timeout_ms;
    call.max_body_bytes = max_reply_bytes;
    if (request.may_send && !request.may_send()) {
        return Attempt{Error{
            ErrorCode::conflict,
            std::string(api.name) + ": not sent, its time was over",
            "not_sent"}};
    }
    Attempt made = read_reply(api, http_.call(call));
    made.token = std::move(*token);
    count(corp.id, api, made, began);
    return made;
}

ApiClient::Attempt ApiClient::read_reply(const Api& api, const Result<HttpReply>& reply) const {
    const auto lost = [&](std::string_view why) {
        Attempt a{Error{
            ErrorCode::unknown_result,
            std::string(api.name) + ": " + std::string(why) + "; it may have been carried out",
            "network"}};
        a.retry = RetryClass::busy;
        a.network = true;
        a.sent = true;
        return a;
    };
    if (!reply) {
        if (reply.error().code == ErrorCode::unknown_result ||
            reply.error().code == ErrorCode::too_large) {
            return lost("no whole answer came");
        }
        Error error = reply.error();
        error.message = std::string(api.name) + ": " + error.message;
        error.reason = "network";
        Attempt a{error};
        a.network = error.code == ErrorCode::retry_later;
        a.retry = a.network ? RetryClass::busy : RetryClass::none;
        return a;
    }
    if (reply->status >= 500) {
        return lost("HTTP status " + std::to_string(reply->status));
    }
    if (reply->status == 429) {
        const auto seconds = parse_id(reply->headers.get("Retry-After")).value_or(0);
        Attempt a{Error{
            ErrorCode::limited,
            std::string(api.name) + ": HTTP status 429",
            "rate_limit",
            0,
            std::min(seconds, max_retry_after_s) * 1'000}};
        a.retry = RetryClass::rate;
        return a;
    }
    if (reply->status != 200) {
        return Attempt{Error{
            ErrorCode::permanent,
            std::string(api.name) + ": HTTP status " + std::to_string(reply->status) +
                ": check the corp's api_base",
            "http_status"}};
    }
    auto body = parse_json(reply->body, {max_reply_bytes, 32});
    if (!body || !body->is_object()) {
        return lost("the answer is not JSON");
    }
    auto object = std::make_shared<const json::object>(std::move(body->as_object()));
    const auto errcode = static_cast<int>(json_int(*object, "errcode"));
    if (errcode == 0) {
        return Attempt{ApiReply{std::move(object)}};
    }
    Attempt a{errcode_error(api.name, errcode, json_string(*object, "errmsg"))};
    a.retry = meaning_of(errcode).retry;
    a.sent = errcode == -1;
    return a;
}

}  // namespace leadbridge::wecom
