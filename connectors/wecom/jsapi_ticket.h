#pragma once
// Tickets that JS-SDK signatures are made with (pages 90506, 96909): one of the corp for config,
// one of its app for agentConfig, both for 7,200 s. WeCom gives an app at most 100 an hour, so they
// are kept in memory, renewed 300 s before their end by one caller while the others go on with the
// old one, and after a refusal not asked for again for a minute. Thread-safe.

#include <condition_variable>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "base/secret.h"
#include "connectors/wecom/api_client.h"

namespace leadbridge::wecom {

enum class TicketKind : std::uint8_t { config = 0, agent = 1 };

class TicketStore {
public:
    TicketStore(ApiClient& api, const Clock& clock) : api_(api), clock_(clock) {}

    // A usable ticket; blocks for 10 s at most. Errors: what WeCom said (retry_after_ms: when it is
    // asked again), retry_later when it was not reached, not_found for no such corp.
    Result<Secret> get(CorpId corp, TicketKind kind);

private:
    struct Entry {
        std::string owner;  // corp and app the rest belongs to: changed settings start anew
        Secret ticket;
        std::int64_t renew_at = 0;    // steady ms
        std::int64_t expires_at = 0;  // steady ms
        bool fetching = false;
        std::uint64_t round = 0;  // finished fetches
        Error last_error;
        std::int64_t rests_until = 0;  // steady ms
    };

    using Entries = std::map<std::pair<CorpId, TicketKind>, Entry>;
    using Answer = Result<std::pair<Secret, std::int64_t>>;

    Result<Secret> fetch(const crm::Corp& corp, TicketKind kind);
    Answer ask(const crm::Corp& corp, TicketKind kind);
    void keep(Entry& entry, const Answer& answer);

    ApiClient& api_;
    const Clock& clock_;
    Guarded<Entries> entries_;
    std::condition_variable fetched_;
};

}  // namespace leadbridge::wecom
