// GET side/signature: what lets the toolbar's page speak to WeCom's client (pages 90506, 96947)

#include <algorithm>

#include "base/crypto.h"
#include "connectors/wecom/jsapi_ticket.h"
#include "connectors/wecom/jssdk_signature.h"
#include "gateway/api/handlers.h"
#include "gateway/api/setup.h"
#include "gateway/api/support.h"
#include "gateway/sessions.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t longest_url = 2'048;
constexpr std::size_t nonce_bytes = 16;
constexpr std::string_view page_path = "/side/";

// The url without its fragment, when it is the toolbar's page on this machine: a signature lets
// whoever runs at that address speak to WeCom's client as our app.
Result<std::string> own_url(const ApiServices& services, const ApiRequest& request) {
    const std::string_view given = request.query("url");
    const std::string url(given.substr(0, given.find('#')));
    const std::string own = services.sessions.base_url(request.http()) + std::string(page_path);
    const bool plain = std::all_of(url.begin(), url.end(), [](char c) {
        return c > ' ' && c < '\x7f' && c != '\\' && c != '"' && c != '<' && c != '>';
    });
    if (url.size() > longest_url || !plain || !url.starts_with(own)) {
        return Error{
            ErrorCode::rule_broken,
            "only addresses below " + own + " are signed; the page must be opened under " +
                "server.public_url",
            "foreign_url"};
    }
    return url;
}

Result<json::object> signed_by(
    const ApiServices& services, CorpId corp, wecom::TicketKind kind, const std::string& url
) {
    auto ticket = services.tickets.get(corp, kind);
    if (!ticket) {
        return std::move(ticket).error();
    }
    const std::string nonce = crypto::hex(services.rng.bytes(nonce_bytes));
    const std::int64_t seconds = services.clock.now() / 1'000;
    return json::object{
        {"timestamp", seconds},
        {"nonce", nonce},
        {"signature", wecom::jssdk_signature(ticket->reveal(), nonce, seconds, url)}};
}

}  // namespace

Result<Response> get_side_signature(const ApiServices& services, const ApiRequest& request) {
    auto url = own_url(services, request);
    if (!url) {
        return std::move(url).error();
    }
    const auto corp = services.corp_directory.find(request.corp());
    if (corp == nullptr || corp->agent_id == 0 || corp->app_secret.empty()) {
        return Error{
            ErrorCode::conflict,
            "the corp's app has no agent id or secret yet: enter them in the setup",
            "app_missing"};
    }
    auto config = signed_by(services, corp->id, wecom::TicketKind::config, *url);
    if (!config) {
        return std::move(config).error();
    }
    auto agent = signed_by(services, corp->id, wecom::TicketKind::agent, *url);
    if (!agent) {
        return std::move(agent).error();
    }
    if (Status noted = note_toolbar_opened(services, request); !noted) {
        return std::move(noted).error();
    }
    return Response::json(
        200,
        to_text(json::object{
            {"corp_id", corp->wecom_id},
            {"agent_id", corp->agent_id},
            {"url", *url},
            {"config", std::move(*config)},
            {"agent", std::move(*agent)}})
    );
}

}  // namespace leadbridge::gateway
