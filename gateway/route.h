#pragma once
// The route table: one row per method and path, to a free function. openapi.json is held against it
// by a test.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/http_types.h"
#include "base/result.h"
#include "crm/staff/permission.h"
#include "crm/staff/viewer.h"
#include "gateway/caller.h"

namespace leadbridge::gateway {

struct ApiServices;  // gateway/api_services.h: what handlers may reach

// One request as a handler sees it: authenticated, its corp known, its path parameters named.
class ApiRequest {
public:
    ApiRequest(
        const Request& http,
        crm::Viewer viewer,
        std::vector<std::pair<std::string_view, std::string>> params,
        const Caller& caller
    )
        : http_(http), viewer_(std::move(viewer)), params_(std::move(params)), caller_(caller) {}

    const Request& http() const noexcept { return http_; }

    const crm::Viewer& viewer() const noexcept { return viewer_; }

    CorpId corp() const noexcept { return viewer_.corp; }

    const Caller& caller() const noexcept { return caller_; }

    std::string_view param(std::string_view name) const noexcept;
    // The path parameter as an id; Error{not_found} when it is none: an id that cannot exist does
    // not.
    Result<std::int64_t> id(std::string_view name = "id") const;

    template <class I>
    Result<I> id_as(std::string_view name = "id") const {
        auto v = id(name);
        if (!v) {
            return std::move(v).error();
        }
        return I{*v};
    }

    std::string_view query(std::string_view name) const noexcept { return http_.query.get(name); }

    std::optional<std::string> query_opt(std::string_view name) const;
    // ?limit=, 1..200, default 50. Error{invalid} outside.
    Result<int> limit() const;
    // ?cursor= as given out by next_cursor(): a keyset position. nullopt at the start.
    Result<std::optional<std::int64_t>> cursor() const;
    // Version in If-Match. Error{precondition_missing} when absent, Error{stale} when it cannot be
    // one of ours.
    Result<std::int64_t> if_match() const;

private:
    const Request& http_;
    crm::Viewer viewer_;
    std::vector<std::pair<std::string_view, std::string>> params_;
    const Caller& caller_;
};

std::string encode_cursor(std::int64_t position);
std::string etag(std::int64_t version);

using ApiHandler = Result<Response> (*)(const ApiServices&, const ApiRequest&);

struct Route {
    Method method;
    std::string_view pattern;    // "/api/v1/leads/{id}"; {name} matches one segment
    Access access;               // what a token must hold
    crm::Permission permission;  // what the role of a person must allow
    ApiHandler handler;
    std::size_t max_body = 1 << 20;
};

// The whole API in one place (gateway/routes.cpp).
std::span<const Route> api_routes() noexcept;

struct RouteMatch {
    const Route* route = nullptr;
    std::vector<std::pair<std::string_view, std::string>>
        params;                   // names point into the pattern; values percent-decoded
    std::vector<Method> allowed;  // methods of this path when the method did not match
};

RouteMatch match_route(std::span<const Route> routes, Method method, std::string_view path);

}  // namespace leadbridge::gateway
