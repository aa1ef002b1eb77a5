#include "connectors/wecom/access_token.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include "base/backoff.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/wecom_error.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t renew_ahead_ms = 300'000;
constexpr std::int64_t rest_ms = 600'000;
constexpr int bad_secret_limit = 3;
constexpr std::int64_t default_life_s = 7'200;

const Secret& secret_of(const crm::Corp& corp, SecretKind kind) {
    return kind == SecretKind::contacts ? corp.contacts_secret : corp.app_secret;
}

std::string hash_of(const crm::Corp& corp, const Secret& secret) {
    return crypto::sha256(
        corp.api_base + '\n' + corp.wecom_id + '\n' + std::string(secret.reveal())
    );
}

bool bad_secret(const Error& error) {
    return error.upstream_code == 40001 || error.upstream_code == 40091 ||
           error.upstream_code == 40013;
}

}  // namespace

Result<Secret> TokenStore::get(
    const crm::Corp& corp, SecretKind kind, const TokenTimeouts& timeouts
) {
    const Secret& secret = secret_of(corp, kind);
    if (secret.empty()) {
        return Error{
            ErrorCode::auth,
            kind == SecretKind::app ? "the corp has no app secret: set it in the corp's settings"
                                    : "the corp has no contacts secret",
            "no_secret"};
    }
    const auto hash = hash_of(corp, secret);
    auto entries = entries_.lock();
    Entry& entry = (*entries)[{corp.id, kind}];
    if (entry.secret_hash != hash) {
        entry.secret_hash = hash;
        entry.token = Secret{};
        entry.bad_secrets = 0;
        entry.rests_until = 0;
    }
    const auto now = clock_.steady_ms();
    const bool usable = !entry.token.empty() && now < entry.expires_at;
    if (usable && (now < entry.renew_at || entry.fetching || !timeouts.renew_early)) {
        return entry.token;
    }
    if (now < entry.rests_until) {
        if (usable) {
            return entry.token;
        }
        Error error = entry.last_error;
        error.retry_after_ms = entry.rests_until - now;
        return error;
    }
    if (!entry.fetching) {
        entry.fetching = true;
        entries.raw().unlock();
        auto fresh = fetch(corp, kind, timeouts);
        if (!fresh && usable) {
            entries.raw().lock();
            return entry.token.empty() ? fresh : Result<Secret>(entry.token);
        }
        return fresh;
    }
    const auto round = entry.round;
    const bool over = fetched_.wait_for(entries.raw(), clock_.real(timeouts.total_ms), [&] {
        return entry.round != round;
    });
    if (!over) {
        return Error{ErrorCode::retry_later, "gettoken by another thread is still under way"};
    }
    if (!entry.token.empty()) {
        return entry.token;
    }
    return entry.last_error;
}

Result<Secret> TokenStore::fetch(
    const crm::Corp& corp, SecretKind kind, const TokenTimeouts& timeouts
) {
    const auto answer = [&]() -> Result<std::pair<Secret, std::int64_t>> {
        try {
            return ask(corp, secret_of(corp, kind), timeouts);
        } catch (const std::exception& e) {  // whoever waits for this fetch must hear of its end
            return Error{ErrorCode::internal, std::string("gettoken: ") + e.what()};
        }
    }();
    auto entries = entries_.lock();
    // The map never shrinks, so the entry is there; a secret changed meanwhile keeps its own state.
    Entry& entry = (*entries)[{corp.id, kind}];
    entry.fetching = false;
    ++entry.round;
    if (entry.secret_hash == hash_of(corp, secret_of(corp, kind))) {
        keep(entry, answer);
    }
    fetched_.notify_all();
    if (!answer) {
        Error error = answer.error();
        error.retry_after_ms =
            std::max(error.retry_after_ms, entry.rests_until - clock_.steady_ms());
        return error;
    }
    return answer->first;
}

void TokenStore::keep(Entry& entry, const Result<std::pair<Secret, std::int64_t>>& answer) {
    const auto now = clock_.steady_ms();
    if (answer) {
        const auto life = std::max<std::int64_t>(answer->second, 1) * 1'000;
        // A short-lived token (tests, a changed rule) is renewed in the last quarter of its life.
        const auto ahead = jittered(std::min(renew_ahead_ms, life / 4), 0.2, rng_);
        entry.token = answer->first;
        entry.expires_at = now + life;
        entry.renew_at = entry.expires_at - ahead;
        entry.bad_secrets = 0;
        return;
    }
    entry.last_error = answer.error();
    if (!bad_secret(answer.error())) {
        return;
    }
    if (++entry.bad_secrets >= bad_secret_limit) {
        entry.rests_until = now + rest_ms;
        entry.bad_secrets = 0;
        metrics_
            .counter("leadbridge_wecom_token_rests_total", "gettoken stopped after wrong secrets")
            .add();
        log::error("wecom", "gettoken rests for 10 min", {{"cause", answer.error().message}});
    }
}

Result<std::pair<Secret, std::int64_t>> TokenStore::ask(
    const crm::Corp& corp, const Secret& secret, const TokenTimeouts& timeouts
) {
    HttpCall call;
    call.url = corp.api_base + "/cgi-bin/gettoken?corpid=" + percent_encode(corp.wecom_id) +
               "&corpsecret=" + percent_encode(secret.reveal());
    call.connect_timeout_ms = timeouts.connect_ms;
    call.timeout_ms = timeouts.total_ms;
    call.max_body_bytes = 1 << 16;
    const auto count = [&](std::string_view outcome) {
        metrics_
            .counter(
                "leadbridge_wecom_calls_total",
                "calls to WeCom by API and outcome",
                {{"api", "gettoken"}, {"class", std::string(outcome)}}
            )
            .add();
    };
    const auto reply = http_.call(call);
    if (!reply || reply->status != 200) {
        count("network");
        return Error{
            ErrorCode::retry_later,
            reply ? "gettoken: HTTP status " + std::to_string(reply->status)
                  : "gettoken: " + reply.error().message,
            "network"};
    }
    const auto body = parse_json(reply->body);
    if (!body || !body->is_object()) {
        count("network");
        return Error{ErrorCode::retry_later, "gettoken: the answer is not JSON", "network"};
    }
    const auto& object = body->as_object();
    if (const auto errcode = static_cast<int>(json_int(object, "errcode")); errcode != 0) {
        count("errcode_" + std::to_string(errcode));
        Error error = errcode_error("gettoken", errcode, json_string(object, "errmsg"));
        if (errcode == 45009) {
            error.retry_after_ms = 60'000;
        }
        return error;
    }
    auto token = json_string(object, "access_token");
    if (token.empty()) {
        count("network");
        return Error{ErrorCode::retry_later, "gettoken: the answer has no access_token", "network"};
    }
    count("ok");
    return std::pair{Secret{std::move(token)}, json_int(object, "expires_in", default_life_s)};
}

void TokenStore::invalidate(CorpId corp, SecretKind kind, const Secret& token) {
    auto entries = entries_.lock();
    const auto found = entries->find({corp, kind});
    if (found != entries->end() && found->second.token.equals(token.reveal())) {
        found->second.token = Secret{};
    }
}

Status TokenStore::renew(const crm::Corp& corp, SecretKind kind) {
    auto token = get(corp, kind);
    return token ? Status{} : Status{std::move(token).error()};
}

}  // namespace leadbridge::wecom
