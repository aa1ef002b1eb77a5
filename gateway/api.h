#pragma once
// The front desk of /api/v1: finds the route, learns who asks and for which corp, checks the scope,
// runs the handler, and turns every failure into problem+json. Thread-safe.

#include <optional>
#include <span>

#include "base/guarded.h"
#include "base/http_types.h"
#include "crm/staff/token.h"
#include "gateway/api_services.h"
#include "gateway/route.h"

namespace leadbridge::gateway {

class Api {
public:
    Api(const ApiServices& services, std::span<const Route> routes);

    // From the network: `Authorization: Bearer`. A token of all corps names one by ?corp= or
    // X-LeadBridge-Corp (our id or the WeCom corpid); with a single corp it need not.
    Response handle(const Request& request);
    // From the local socket: whoever may open it is the machine's admin.
    Response handle_local(const Request& request);
    // The pattern of the route for access logs, "" when there is none.
    std::string_view pattern(const Request& request) const;

private:
    struct Caller {
        std::string actor;
        Access access = Access::open;
        CorpId corp;  // 0 = any
        bool anonymous = true;
    };

    Result<Caller> authenticate(const Request& request);
    Result<CorpId> corp_of(const Request& request, const Caller& caller) const;
    Response run(const Request& request, const Caller& caller);
    Response dispatch(const Request& request, const Caller& caller, const RouteMatch& match);

    const ApiServices& services_;
    const std::span<const Route> routes_;
    Guarded<std::map<std::int64_t, UnixMillis>>
        token_noted_;  // when a token's last use was written
};

}  // namespace leadbridge::gateway
