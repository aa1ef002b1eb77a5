#include "connectors/wecom/jsapi_ticket.h"

#include <algorithm>
#include <exception>

#include "base/crypto.h"
#include "base/json.h"

namespace leadbridge::wecom {

namespace {

constexpr ApiClient::Once timeouts{3'000, 5'000};
constexpr std::int64_t wait_ms = 10'000;
constexpr std::int64_t renew_ahead_ms = 300'000;
constexpr std::int64_t default_life_s = 7'200;
constexpr std::int64_t refused_rest_ms = 60'000;
constexpr std::int64_t unreached_rest_ms = 3'000;

std::string owner_of(const crm::Corp& corp) {
    return crypto::sha256(
        corp.api_base + '\n' + corp.wecom_id + '\n' + std::to_string(corp.agent_id) + '\n' +
        std::string(corp.app_secret.reveal())
    );
}

}  // namespace

Result<Secret> TicketStore::get(CorpId corp_id, TicketKind kind) {
    const auto corp = api_.corp(corp_id);
    if (!corp) {
        return Error{ErrorCode::not_found, "no such corp", "corp_unknown"};
    }
    auto entries = entries_.lock();
    Entry& entry = (*entries)[{corp->id, kind}];
    if (const auto owner = owner_of(*corp); entry.owner != owner) {
        entry.owner = owner;
        entry.ticket = Secret{};
        entry.rests_until = 0;
    }
    const auto now = clock_.steady_ms();
    const bool usable = !entry.ticket.empty() && now < entry.expires_at;
    if (usable && (now < entry.renew_at || entry.fetching || now < entry.rests_until)) {
        return entry.ticket;
    }
    if (now < entry.rests_until) {
        Error error = entry.last_error;
        error.retry_after_ms = entry.rests_until - now;
        return error;
    }
    if (!entry.fetching) {
        entry.fetching = true;
        entries.raw().unlock();
        auto fresh = fetch(*corp, kind);
        if (!fresh && usable) {
            entries.raw().lock();
            return entry.ticket.empty() ? fresh : Result<Secret>(entry.ticket);
        }
        return fresh;
    }
    const auto round = entry.round;
    const bool over = fetched_.wait_for(entries.raw(), clock_.real(wait_ms), [&] {
        return entry.round != round;
    });
    if (!over) {
        return Error{
            ErrorCode::retry_later, "a ticket is being fetched by somebody else", "network"};
    }
    return entry.ticket.empty() ? Result<Secret>(entry.last_error) : Result<Secret>(entry.ticket);
}

Result<Secret> TicketStore::fetch(const crm::Corp& corp, TicketKind kind) {
    const Answer answer = [&]() -> Answer {
        try {
            return ask(corp, kind);
        } catch (const std::exception& e) {  // whoever waits for this fetch must hear of its end
            return Error{ErrorCode::internal, std::string("ticket: ") + e.what()};
        }
    }();
    auto entries = entries_.lock();
    // The map never shrinks, so the entry is there; one whose settings changed meanwhile keeps its
    // own state.
    Entry& entry = (*entries)[{corp.id, kind}];
    entry.fetching = false;
    ++entry.round;
    if (entry.owner == owner_of(corp)) {
        keep(entry, answer);
    }
    fetched_.notify_all();
    if (!answer) {
        return answer.error();
    }
    return answer->first;
}

TicketStore::Answer TicketStore::ask(const crm::Corp& corp, TicketKind kind) {
    ApiRequest request;
    if (kind == TicketKind::agent) {
        request.query.emplace_back("type", "agent_config");
    }
    const Api& api = kind == TicketKind::agent ? api::app_ticket : api::jsapi_ticket;
    const auto reply = api_.call_once(corp, api, request, timeouts);
    if (!reply) {
        return reply.error();
    }
    std::string ticket = json_string(reply->object(), "ticket");
    if (ticket.empty()) {
        return Error{ErrorCode::retry_later, "WeCom's answer has no ticket", "network"};
    }
    return std::pair{
        Secret{std::move(ticket)}, json_int(reply->object(), "expires_in", default_life_s)};
}

void TicketStore::keep(Entry& entry, const Answer& answer) {
    const auto now = clock_.steady_ms();
    if (!answer) {
        entry.last_error = answer.error();
        entry.rests_until =
            now + (answer.error().upstream_code != 0 ? refused_rest_ms : unreached_rest_ms);
        return;
    }
    const auto life = std::max<std::int64_t>(answer->second, 1) * 1'000;
    entry.ticket = answer->first;
    entry.expires_at = now + life;
    entry.renew_at = entry.expires_at - std::min(renew_ahead_ms, life / 4);
    entry.rests_until = 0;
}

}  // namespace leadbridge::wecom
