#pragma once
// The front desk of /api/v1: finds the route, learns who asks and for which corp, checks the scope
// of a token or the permission of a role, runs the handler, and turns every failure into
// problem+json. Thread-safe.

#include <span>

#include "base/http_types.h"
#include "gateway/api_services.h"
#include "gateway/route.h"

namespace leadbridge::gateway {

class Api {
public:
    Api(const ApiServices& services, std::span<const Route> routes);

    // From the network: `Authorization: Bearer` or the session cookie (gateway/sessions.h). Who
    // may see all corps names one by ?corp= or X-LeadBridge-Corp (our id or the WeCom corpid);
    // with a single corp it need not.
    Response handle(const Request& request);
    // From the local socket: whoever may open it is the machine's admin.
    Response handle_local(const Request& request);
    // The pattern of the route for access logs, "" when there is none.
    std::string_view pattern(const Request& request) const;
    // The corp a request speaks of: the caller's, the one it names, or the only one.
    Result<CorpId> corp_of(const Request& request, const Caller& caller) const;

private:
    Status admit(const Request& request, const Caller& caller, const Route& route) const;
    Response run(const Request& request, const Caller& caller);
    Response dispatch(const Request& request, const Caller& caller, const RouteMatch& match);

    const ApiServices& services_;
    const std::span<const Route> routes_;
};

}  // namespace leadbridge::gateway
