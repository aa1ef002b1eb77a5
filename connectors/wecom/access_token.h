#pragma once
// One access token per (corp, secret), in memory only (page 91039). One thread fetches while the
// others wait; renewed 300 s before its end. After three wrong-secret answers gettoken rests for 10
// min: WeCom bans the address otherwise.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/http_client.h"
#include "base/id.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/secret.h"
#include "connectors/wecom/api.h"
#include "crm/staff/corp.h"

namespace leadbridge::wecom {

struct TokenTimeouts {
    std::int64_t connect_ms = 5'000;
    std::int64_t total_ms = 10'000;
    bool renew_early = true;  // false: a token that still works is good enough (the welcome lane)
};

class TokenStore {
public:
    TokenStore(HttpClient& http, const Clock& clock, Rng& rng, Metrics& metrics)
        : http_(http), clock_(clock), rng_(rng), metrics_(metrics) {}

    // A usable token. Errors: auth (wrong secret, untrusted address, or gettoken rests:
    // retry_after_ms says how long), retry_later (not reached), limited. A caller waits for
    // another's fetch at most timeouts.total_ms.
    Result<Secret> get(const crm::Corp& corp, SecretKind kind, const TokenTimeouts& timeouts = {});
    // The remote refused `token`: forgotten if it is still the one in the store.
    void invalidate(CorpId corp, SecretKind kind, const Secret& token);
    // Fetches ahead when the token is missing or near its end; an error is for the log only.
    Status renew(const crm::Corp& corp, SecretKind kind);

private:
    struct Entry {
        std::string
            secret_hash;  // of corp id and secret the rest belongs to: a changed secret starts anew
        Secret token;
        std::int64_t renew_at = 0;    // steady ms
        std::int64_t expires_at = 0;  // steady ms
        bool fetching = false;
        std::uint64_t round =
            0;  // finished fetches: waiters look at the outcome of the one they waited for
        Error last_error;
        int bad_secrets = 0;
        std::int64_t rests_until = 0;  // steady ms
    };

    using Key = std::pair<CorpId, SecretKind>;
    using Entries = std::map<Key, Entry>;

    Result<Secret> fetch(const crm::Corp& corp, SecretKind kind, const TokenTimeouts& timeouts);
    Result<std::pair<Secret, std::int64_t>> ask(
        const crm::Corp& corp, const Secret& secret, const TokenTimeouts& timeouts
    );
    void keep(Entry& entry, const Result<std::pair<Secret, std::int64_t>>& answer);

    HttpClient& http_;
    const Clock& clock_;
    Rng& rng_;
    Metrics& metrics_;
    Guarded<Entries> entries_;
    std::condition_variable fetched_;
};

}  // namespace leadbridge::wecom
