#include "gateway/api.h"

#include <algorithm>
#include <exception>

#include "base/log.h"
#include "gateway/problem.h"

namespace leadbridge::gateway {

namespace {

constexpr std::int64_t note_use_every_ms = 60'000;

Access access_of(const crm::ApiToken& token) {
    if (token.allows(crm::TokenScope::admin)) {
        return Access::admin;
    }
    return token.allows(crm::TokenScope::write) ? Access::write : Access::read;
}

std::string allow_list(const std::vector<Method>& methods) {
    std::string out;
    for (const Method method : methods) {
        out += (out.empty() ? "" : ", ") + std::string(to_string(method));
        out += method == Method::get ? ", HEAD" : "";
    }
    return out;
}

// Of a scheme's name only the letters count (RFC 9110, 11.1).
bool starts_with_word(std::string_view text, std::string_view lower_word) {
    return text.size() >= lower_word.size() &&
           std::equal(lower_word.begin(), lower_word.end(), text.begin(), [](char want, char have) {
               return want == (have >= 'A' && have <= 'Z' ? static_cast<char>(have + 32) : have);
           });
}

// Paths that concern the machine or a corp named in the path itself: no corp has to be chosen
// first.
bool needs_corp(std::string_view pattern) {
    for (const std::string_view resource : {"corps", "tokens", "openapi.json", "me", "machine"}) {
        const std::string path = "/api/v1/" + std::string(resource);
        if (pattern == path || pattern.starts_with(path + "/")) {
            return false;
        }
    }
    return true;
}

}  // namespace

Api::Api(const ApiServices& services, std::span<const Route> routes)
    : services_(services), routes_(routes) {}

Result<Api::Caller> Api::authenticate(const Request& request) {
    const std::string_view header = request.headers.get("Authorization");
    if (header.empty()) {
        return Caller{};
    }
    constexpr std::string_view scheme = "bearer ";
    if (!starts_with_word(header, scheme)) {
        return Error{
            ErrorCode::unauthenticated, "use Authorization: Bearer TOKEN", "bad_authorization"};
    }
    const std::string_view text = header.substr(scheme.size());
    auto token = services_.core.read<std::optional<crm::ApiToken>>(
        [&](Snapshot& s) -> Result<std::optional<crm::ApiToken>> {
            return crm::TokenStore::find(s, text);
        }
    );
    if (!token) {
        return std::move(token).error();
    }
    if (!*token) {
        return Error{
            ErrorCode::unauthenticated,
            "this token is unknown or revoked; `leadbridge token create` makes one",
            "bad_token"};
    }
    const crm::ApiToken& found = **token;
    const UnixMillis now = services_.clock.now();
    bool note = false;
    {
        auto noted = token_noted_.lock();
        UnixMillis& last = (*noted)[found.id.value];
        note = now - last >= note_use_every_ms;
        last = note ? now : last;
    }
    if (note) {
        auto written = services_.core.write<int>([&](Transaction& tx) -> Result<int> {
            crm::TokenStore(services_.clock, services_.ids, services_.rng).used(tx, found.id);
            return 0;
        });
        if (!written) {
            log::warn(
                "api", "the use of a token could not be noted", {{"error", written.error().message}}
            );
        }
    }
    return Caller{"token:" + found.name, access_of(found), found.corp, false};
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
    if (route.access != Access::open) {
        if (caller.anonymous) {
            return problem(
                Error{
                    ErrorCode::unauthenticated,
                    "send Authorization: Bearer TOKEN",
                    "token_missing"},
                request.request_id
            );
        }
        if (caller.access < route.access) {
            return problem(
                Error{
                    ErrorCode::forbidden,
                    "this token's scope does not cover the request",
                    "scope_missing"},
                request.request_id
            );
        }
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
    crm::Viewer viewer{caller.corp, crm::MemberId{}, crm::Scope::all, caller.actor};
    if (route.access != Access::open && needs_corp(route.pattern)) {
        auto corp = corp_of(request, caller);
        if (!corp) {
            return problem(corp.error(), request.request_id);
        }
        viewer.corp = *corp;
    }
    const ApiRequest api_request(request, std::move(viewer), match.params);
    auto response = route.handler(services_, api_request);
    return response ? std::move(*response) : problem(response.error(), request.request_id);
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
        auto caller = authenticate(request);
        return caller ? run(request, *caller) : problem(caller.error(), request.request_id);
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
