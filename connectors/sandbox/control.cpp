#include "connectors/sandbox/control.h"

#include <span>

#include "base/json.h"
#include "connectors/sandbox/control_routes.h"

namespace leadbridge::sandbox {

namespace {

const ControlRoute* route_of(std::string_view path) {
    for (const std::span<const ControlRoute> part : {act_routes(), setting_routes()}) {
        for (const ControlRoute& route : part) {
            if (route.path == path) {
                return &route;
            }
        }
    }
    return nullptr;
}

}  // namespace

ControlAnswer control(World& world, const Request& request, UnixMillis now, Rng& rng) {
    json::object body;
    if (!request.body.empty()) {
        auto parsed = parse_json(request.body, JsonLimits{4 << 20, 16});
        if (!parsed || !parsed->is_object()) {
            return ControlAnswer{Response::text(400, "send a JSON object"), {}};
        }
        body = std::move(parsed->get_object());
    }
    if (const ControlRoute* route = route_of(request.path)) {
        std::string corpid = json_string(body, "corpid");
        if (corpid.empty()) {
            corpid = request.query.get("corpid");
        }
        if (corpid.empty() && world.companies.size() == 1) {
            corpid = world.companies.begin()->first;
        }
        Company* corp = world.company(corpid);
        if (route->needs == Needs::company && corp == nullptr) {
            return ControlAnswer{Response::text(404, "no such company: " + corpid), {}};
        }
        ControlCall call{world, corp, request, body, now, rng};
        return route->run(call);
    }
    return ControlAnswer{
        Response::text(404, "no such act; connectors/sandbox/README.md lists them"), {}};
}

}  // namespace leadbridge::sandbox
