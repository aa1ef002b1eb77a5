#include "gateway/api.h"

#include <algorithm>
#include <exception>

#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "gateway/api/masking.h"
#include "gateway/problem.h"
#include "gateway/sessions.h"

namespace leadbridge::gateway {

namespace {

std::string allow_list(const std::vector<Method>& methods) {
    std::string out;
    for (const Method method : methods) {
        out += (out.empty() ? "" : ", ") + std::string(to_string(method));
        out += method == Method::get ? ", HEAD" : "";
    }
    return out;
}

// What a store keeps as text.
bool is_text(std::string_view value) {
    return is_utf8(value) && value.find('\0') == std::string_view::npos;
}

bool asks_in_text(const Request& request, const RouteMatch& match) {
    const auto& query = request.query.all();
    return std::all_of(
               query.begin(), query.end(), [](const auto& one) { return is_text(one.second); }
           ) &&
           std::all_of(match.params.begin(), match.params.end(), [](const auto& one) {
               return is_text(one.second);
           });
}

// Paths that concern the machine or a corp named in the path itself: no corp has to be chosen
// first.
bool needs_corp(std::string_view pattern) {
    for (const std::string_view resource :
         {"corps",
          "tokens",
          "openapi.json",
          "me",
          "machine",
          "auth",
          "users",
          "sessions",
          "roles"}) {
        const std::string path = "/api/v1/" + std::string(resource);
        if (pattern == path || pattern.starts_with(path + "/")) {
            return false;
        }
    }
    return true;
}

Response masked(Response response, std::string_view request_id) {
    if (!response.headers.get("Content-Type").starts_with("application/json")) {
        return response;
    }
    auto value = parse_json(response.body, JsonLimits{64 << 20, 64});
    if (!value) {
        return problem(Error{ErrorCode::internal, "an answer could not be masked"}, request_id);
    }
    mask_answer(*value);
    response.body = to_text(*value);
    return response;
}

}  // namespace

Api::Api(const ApiServices& services, std::span<const Route> routes)
    : services_(services), routes_(routes) {}

Status Api::admit(const Request& request, const Caller& caller, const Route& route) const {
    if (route.access != Access::open && caller.anonymous) {
        return Error{
            ErrorCode::unauthenticated,
            "sign in, or send Authorization: Bearer TOKEN",
            "token_missing"};
    }
    if (!caller.may(route.access, route.permission)) {
        if (caller.role) {
            return Error{
                ErrorCode::forbidden,
                "your role lacks the permission " + std::string(to_string(route.permission)) +
                    "; an admin can give you another role",
                "permission_missing"};
        }
        return Error{
            ErrorCode::forbidden, "this token's scope does not cover the request", "scope_missing"};
    }
    const bool reads = route.method == Method::get || route.method == Method::head;
    return reads ? Status{} : services_.sessions.check_write(request, caller);
}

Result<CorpId> Api::corp_of(const Request& request, const Caller& caller) const {
    std::string wanted(request.query.get("corp"));
    if (wanted.empty()) {
        wanted = request.headers.get("X-LeadBridge-Corp");
    }
    crm::CorpDirectory::Ptr corp;
    if (!wanted.empty()) {
        corp = services_.corp_directory.find_wecom(wanted);
        if (const auto id = parse_id(wanted); corp == nullptr && id) {
            corp = services_.corp_directory.find(CorpId{*id});
        }
    } else if (caller.corp) {
        corp = services_.corp_directory.find(caller.corp);
    } else if (auto all = services_.corp_directory.all(); all.size() == 1) {
        corp = all.front();
    }
    if (corp == nullptr && wanted.empty() && !caller.corp) {
        return Error{
            ErrorCode::invalid,
            services_.corp_directory.all().empty()
                ? "there is no corp yet: POST /api/v1/corps or `leadbridge corp add`"
                : "name the corp with ?corp= or X-LeadBridge-Corp",
            "corp_missing"};
    }
    if (corp == nullptr || (caller.corp && corp->id != caller.corp)) {
        return Error{ErrorCode::not_found, "no such corp", "corp_unknown"};
    }
    return corp->id;
}

Response Api::dispatch(const Request& request, const Caller& caller, const RouteMatch& match) {
    const Route& route = *match.route;
    if (!asks_in_text(request, match)) {
        return problem(
            Error{ErrorCode::invalid, "the address holds bytes that are no text", "not_text"},
            request.request_id
        );
    }
    if (Status admitted = admit(request, caller, route); !admitted) {
        return problem(admitted.error(), request.request_id);
    }
    if (request.body.size() > route.max_body) {
        return problem(
            Error{
                ErrorCode::too_large,
                "the body is larger than this resource takes",
                "body_too_large"},
            request.request_id
        );
    }
    CorpId in = caller.corp;
    if (route.access != Access::open && needs_corp(route.pattern)) {
        auto corp = corp_of(request, caller);
        if (!corp) {
            return problem(corp.error(), request.request_id);
        }
        in = *corp;
    }
    const ApiRequest api_request(request, caller.viewer(in), match.params, caller);
    auto response = route.handler(services_, api_request);
    if (!response) {
        return problem(response.error(), request.request_id);
    }
    if (caller.role && masks(route.permission) && !caller.may(crm::Permission::contacts_phones)) {
        return masked(std::move(*response), request.request_id);
    }
    return std::move(*response);
}

Response Api::run(const Request& request, const Caller& caller) {
    const RouteMatch match = match_route(routes_, request.method, request.path);
    if (match.route == nullptr && match.allowed.empty()) {
        return problem(
            Error{ErrorCode::not_found, "no such resource", "no_route"}, request.request_id
        );
    }
    if (match.route == nullptr) {
        Response response = problem(
            Error{
                ErrorCode::invalid, "this resource does not take the method", "method_not_allowed"},
            request.request_id
        );
        response.status = 405;
        response.headers.set("Allow", allow_list(match.allowed));
        return response;
    }
    Response response = dispatch(request, caller, match);
    response.headers.set("Cache-Control", "no-store");
    return response;
}

Response Api::handle(const Request& request) {
    try {
        auto caller = services_.sessions.authenticate(request);
        if (!caller) {
            // A stale cookie must not stand in the way of signing in.
            const RouteMatch match = match_route(routes_, request.method, request.path);
            if (caller.error().reason == "session_ended" && match.route != nullptr &&
                match.route->access == Access::open) {
                return run(request, Caller{});
            }
            return problem(caller.error(), request.request_id);
        }
        return run(request, *caller);
    } catch (const DatabaseError& error) {
        log::error(
            "api", "the store failed", {{"request_id", request.request_id}, {"error", error.what()}}
        );
        return problem(
            Error{
                ErrorCode::overloaded, "the store does not answer; try again", "store_unavailable"},
            request.request_id
        );
    }
}

Response Api::handle_local(const Request& request) {
    try {
        return run(request, Caller{"local", Access::admin, CorpId{}, false});
    } catch (const std::exception& error) {
        return problem(Error{ErrorCode::internal, error.what()}, request.request_id);
    }
}

std::string_view Api::pattern(const Request& request) const {
    const RouteMatch match = match_route(routes_, request.method, request.path);
    return match.route == nullptr ? std::string_view{} : match.route->pattern;
}

}  // namespace leadbridge::gateway
