#include "connectors/sandbox/api.h"

#include <array>

#include "base/json.h"
#include "connectors/sandbox/sign_in.h"

namespace leadbridge::sandbox {

namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::string_view root = "/cgi-bin/";

const Endpoint* find_endpoint(std::string_view path) noexcept {
    for (const auto table :
         {customer_endpoints(),
          way_endpoints(),
          tag_endpoints(),
          mass_endpoints(),
          staff_endpoints(),
          sign_in_endpoints()}) {
        for (const Endpoint& endpoint : table) {
            if (endpoint.path == path) {
                return &endpoint;
            }
        }
    }
    return nullptr;
}

json::object get_token(
    World& world, const Request& request, UnixMillis now, Rng& rng, std::string& corpid
) {
    corpid = request.query.get("corpid");
    Company* corp = world.company(corpid);
    if (corp == nullptr) {
        return refuse(40013, "invalid corpid");
    }
    const std::string_view secret = request.query.get("corpsecret");
    for (const auto& [kind, value] : corp->secrets) {
        if (value == secret && !value.empty()) {
            // Inside its validity the same token is given again (page 91039 in its older wording).
            for (const auto& [token, info] : corp->tokens) {
                if (info.kind == kind && info.expires_ms > now + 60'000) {
                    json::object out = ok();
                    out["access_token"] = token;
                    out["expires_in"] = (info.expires_ms - now) / 1'000;
                    return out;
                }
            }
            const std::string token = "sandbox-" + rng.token(40);
            corp->tokens[token] = Token{kind, now + world.limits.token_ttl_s * 1'000};
            json::object out = ok();
            out["access_token"] = token;
            out["expires_in"] = world.limits.token_ttl_s;
            return out;
        }
    }
    return refuse(40001, "invalid credential");
}

// The company and kind of the request's token; an errcode object when it has none.
std::optional<json::object> check_token(
    World& world, const Request& request, UnixMillis now, Company** corp, std::string& kind
) {
    const std::string token(request.query.get("access_token"));
    if (token.empty()) {
        return refuse(41001, "access_token missing");
    }
    for (auto& [corpid, company] : world.companies) {
        const auto it = company.tokens.find(token);
        if (it != company.tokens.end()) {
            *corp = &company;
            kind = it->second.kind;
            if (it->second.expires_ms <= now) {
                return refuse(42001, "access_token expired");
            }
            return std::nullopt;
        }
    }
    return refuse(40014, "invalid access_token");
}

// The basic frequency limit: a sliding minute per corp and API.
bool over_limit(World& world, Company& corp, const std::string& api, UnixMillis now) {
    auto& times = corp.calls[api];
    while (!times.empty() && times.front() <= now - minute_ms) {
        times.pop_front();
    }
    corp.call_counts[api] += 1;
    if (static_cast<std::int64_t>(times.size()) >= world.limits.calls_per_minute) {
        corp.call_counts["over_limit"] += 1;
        return true;
    }
    times.push_back(now);
    auto& peak = corp.peak_per_minute[api];
    peak = std::max(peak, static_cast<std::int64_t>(times.size()));
    return false;
}

json::object run_endpoint(
    World& world,
    const Request& request,
    const std::string& api,
    UnixMillis now,
    Rng& rng,
    std::string& corpid
) {
    const Endpoint* endpoint = find_endpoint(api);
    if (endpoint == nullptr) {
        return refuse(-1, "the sandbox does not know this path: " + api);
    }
    Company* corp = nullptr;
    std::string kind;
    if (auto error = check_token(world, request, now, &corp, kind)) {
        if (corp != nullptr) {
            corpid = corp->corpid;
        }
        return std::move(*error);
    }
    corpid = corp->corpid;
    if ((" " + std::string(endpoint->kinds) + " ").find(" " + kind + " ") == std::string::npos) {
        return refuse(48002, "api forbidden for this secret");
    }
    if (request.method != endpoint->method) {
        return refuse(43001, "require another http method");
    }
    if (over_limit(world, *corp, api, now)) {
        return refuse(45009, "api freq out of limit");
    }
    json::object body;
    if (request.method == Method::post &&
        !request.headers.get("Content-Type").starts_with("multipart/")) {
        auto parsed = parse_json(request.body, JsonLimits{4 << 20, 16});
        if (!parsed || !parsed->is_object()) {
            return refuse(40035, "invalid json");
        }
        body = std::move(parsed->get_object());
    }
    Call call{world, *corp, request, body, now, rng};
    return endpoint->run(call);
}

}  // namespace

json::object ok() {
    return json::object{{"errcode", 0}, {"errmsg", "ok"}};
}

json::object refuse(int errcode, std::string_view errmsg) {
    return json::object{
        {"errcode", errcode},
        {"errmsg",
         std::string(errmsg) +
             ", hint: [sandbox], from ip: 127.0.0.1, more info at the sandbox's README"}};
}

Answer answer_api(World& world, const Request& request, UnixMillis now, Rng& rng) {
    Answer answer;
    answer.api = request.path.starts_with(root) ? request.path.substr(root.size()) : request.path;
    json::object body;
    if (answer.api == "gettoken") {
        body = get_token(world, request, now, rng, answer.corpid);
        if (Company* corp = world.company(answer.corpid)) {
            corp->call_counts["gettoken"] += 1;
        }
    } else {
        body = run_endpoint(world, request, answer.api, now, rng, answer.corpid);
    }
    if (const json::value* raw =
            body.if_contains("\u0001raw")) {  // media/get: bytes instead of JSON
        answer.response = Response::text(200, std::string(raw->get_string()));
        answer.response.headers.set("Content-Type", "application/octet-stream");
        return answer;
    }
    answer.errcode = static_cast<int>(json_int(body, "errcode"));
    answer.response = Response::json(200, to_text(body));
    return answer;
}

}  // namespace leadbridge::sandbox
