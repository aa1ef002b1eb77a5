#include "gateway/front_door.h"

#include "base/json.h"
#include "base/log.h"
#include "gateway/problem.h"
#include "gateway/verify_files.h"

namespace leadbridge::gateway {

namespace {

constexpr std::string_view home_page =
    "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>LeadBridge 引桥</title>"
    "<body><h1>LeadBridge 引桥</h1><p>The system is running. 系统正在运行。</p><ul>"
    "<li><a href=\"/api/v1/openapi.json\">API description · 接口说明</a></li>"
    "<li><a href=\"/readyz\">Health · 健康状况</a></li><li><a href=\"/metrics\">Metrics · "
    "指标</a></li></ul>"
    "<p>Documents stand in docs/ of the installation. 文档在安装目录的 docs/ "
    "中。</p></body></html>";

constexpr std::string_view live_path = "/api/v1/live";
constexpr std::size_t default_body = 1 << 20;

}  // namespace

FrontDoor::FrontDoor(
    Api& api,
    Callbacks& callbacks,
    const ConsoleAssets& console,
    Live& live,
    Metrics& metrics,
    const Clock& clock,
    Readiness ready,
    VerifyLookup verify
)
    : api_(api),
      callbacks_(callbacks),
      console_(console),
      live_(live),
      metrics_(metrics),
      clock_(clock),
      ready_(std::move(ready)),
      verify_(std::move(verify)) {}

std::size_t FrontDoor::body_limit(Method method, std::string_view path) {
    if (!path.starts_with("/api/")) {  // asked for every callback too
        return default_body;
    }
    const RouteMatch match = match_route(api_routes(), method, path);
    return match.route == nullptr ? default_body : match.route->max_body;
}

Response FrontDoor::home() const {
    if (console_.present()) {
        Response response = Response::empty(302);
        response.headers.set("Location", "/console/");
        response.headers.set("Cache-Control", "no-cache");
        return response;
    }
    Response response = Response::text(200, std::string(home_page));
    response.headers.set("Content-Type", "text/html; charset=utf-8");
    response.headers.set("Content-Security-Policy", "default-src 'none'");
    return response;
}

Response FrontDoor::answer(const Request& request) {
    const bool reads = request.method == Method::get || request.method == Method::head;
    if (request.path.starts_with("/api/")) {
        return api_.handle(request);
    }
    if (request.path == "/healthz") {  // any method: deploy/bench posts to it, the thread path with
                                       // nothing behind it
        return Response::text(200, "ok\n");
    }
    if (auto page = console_.answer(request)) {
        return *std::move(page);
    }
    if (!reads) {
        return problem(
            Error{ErrorCode::not_found, "no such resource", "no_route"}, request.request_id
        );
    }
    if (request.path == "/readyz") {
        const std::string why = ready_();
        return Response::text(why.empty() ? 200 : 503, (why.empty() ? "ready" : why) + "\n");
    }
    if (request.path == "/metrics") {
        Response response = Response::text(200, metrics_.render());
        response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        return response;
    }
    if (request.path == "/") {
        return home();
    }
    const std::string_view name = std::string_view(request.path).substr(1);
    if (const auto content = is_verify_name(name) ? verify_(name) : std::nullopt) {
        Response response = Response::text(200, *content);
        response.headers.set("Cache-Control", "no-cache");
        return response;
    }
    return problem(Error{ErrorCode::not_found, "no such resource", "no_route"}, request.request_id);
}

void FrontDoor::handle(Request&& request, Responder responder) {
    if (callbacks_.handle(request, responder)) {
        return;
    }
    if (request.path == live_path) {
        live_.handle(std::move(request), responder);
        return;
    }
    Response response = answer(request);
    response.headers.set("X-Content-Type-Options", "nosniff");
    if (request.path.starts_with("/api/")) {
        log::debug(
            "http",
            "answered",
            {{"request_id", request.request_id},
             {"method", to_string(request.method)},
             {"route", api_.pattern(request)},
             {"status", response.status},
             {"ms", clock_.steady_ms() - request.received_steady_ms}}
        );
    }
    responder.respond(std::move(response));
}

}  // namespace leadbridge::gateway
