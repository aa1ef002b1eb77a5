// /api/v1/auth: signing in and out

#include "base/crypto.h"
#include "connectors/wecom/services.h"
#include "connectors/wecom/sign_in.h"
#include "gateway/api/handlers.h"
#include "gateway/api/people.h"
#include "gateway/api/support.h"
#include "gateway/sessions.h"

namespace leadbridge::gateway {

namespace {

constexpr std::string_view state_cookie = "leadbridge_wecom";
constexpr std::string_view state_path = "/api/v1/auth";
constexpr std::int64_t state_ms = 10 * 60'000;
constexpr std::size_t state_bytes = 16;

// Where WeCom sends the browser back to: the page posts code and state to auth/wecom. The toolbar's
// page keeps the corp it was opened for.
Result<std::string> return_page(const ApiRequest& request, const crm::Corp& corp) {
    const std::string_view page = request.query("page");
    if (page.empty() || page == "console") {
        return std::string("/console/login");
    }
    if (page != "side") {
        return Error{ErrorCode::invalid, "page must be console or side", "bad_page"};
    }
    return "/side/" + (request.query("corp").empty() ? std::string() : "?corp=" + corp.wecom_id);
}

bool can_sign_in(const crm::Corp& corp) {
    return corp.agent_id != 0 && !corp.app_secret.empty();
}

// WeCom's own browser names itself so (document/path/90315).
bool inside_wecom(const ApiRequest& request) {
    return request.http().headers.get("User-Agent").find("wxwork") != std::string_view::npos;
}

Status same_site(const ApiServices& services, const ApiRequest& request) {
    if (services.sessions.same_origin(request.http())) {
        return {};
    }
    return Error{
        ErrorCode::forbidden,
        "the request comes from another site; behind a proxy set server.public_url",
        "bad_origin"};
}

Result<Response> welcome(
    const ApiServices& services, const ApiRequest& request, Result<crm::SignedIn> signed_in
) {
    if (!signed_in) {
        return std::move(signed_in).error();
    }
    const std::string_view token = signed_in->session.token.reveal();
    auto caller = services.sessions.of_session(token, request.http().remote_address);
    if (!caller) {
        return std::move(caller).error();
    }
    Response response = Response::json(200, to_text(me_json(services, *caller)));
    response.headers.add(
        "Set-Cookie", services.sessions.cookie(token, crm::session_age_ms / 1'000)
    );
    return response;
}

struct Begun {
    CorpId corp;
    UnixMillis until = 0;
};

// "STATE.CORP.UNTIL.MAC": what came from us to this browser, and not long ago.
std::string state_mac(const ApiServices& services, std::string_view text) {
    return crypto::base64url(
        crypto::hmac_sha256(services.vault.derive(CorpId{}, "wecom sign-in"), text)
    );
}

Result<Begun> begun_with(
    const ApiServices& services, std::string_view cookie, std::string_view state
) {
    const Error bad{
        ErrorCode::forbidden,
        "this sign-in was not begun in this browser, or more than 10 minutes ago; begin again",
        "bad_state"};
    const std::size_t dot = cookie.rfind('.');
    if (dot == std::string_view::npos || state.empty() ||
        !crypto::equal_constant_time(
            cookie.substr(dot + 1), state_mac(services, cookie.substr(0, dot))
        )) {
        return bad;
    }
    std::string_view rest = cookie.substr(0, dot);
    const std::size_t first = rest.find('.');
    const std::size_t second = rest.rfind('.');
    const auto corp = parse_id(rest.substr(first + 1, second - first - 1));
    const auto until = parse_id(rest.substr(second + 1));
    if (!crypto::equal_constant_time(rest.substr(0, first), state) || !corp || !until ||
        *until <= services.clock.now()) {
        return bad;
    }
    return Begun{CorpId{*corp}, *until};
}

crm::CorpDirectory::Ptr corp_named(const ApiServices& services, const ApiRequest& request) {
    const std::string_view name = request.query("corp");
    if (const auto corp = services.corp_directory.find_wecom(name)) {
        return corp;
    }
    if (const auto id = parse_id(name)) {
        return services.corp_directory.find(CorpId{*id});
    }
    const auto all = services.corp_directory.all();
    return name.empty() && all.size() == 1 ? all.front() : nullptr;
}

}  // namespace

crm::Browser browser_of(const ApiRequest& request) {
    return {request.http().remote_address, std::string(request.http().headers.get("User-Agent"))};
}

Result<Response> get_auth_methods(const ApiServices& services, const ApiRequest& request) {
    json::array corps;
    for (const auto& corp : services.corp_directory.all()) {
        if (can_sign_in(*corp)) {
            corps.push_back(json::object{
                {"corp", corp->id.str()},
                {"name", corp->name},
                {"start", "/api/v1/auth/wecom/start?corp=" + corp->id.str()}});
        }
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return Response::json(
            200,
            to_text(json::object{
                {"local", true},
                {"first_start", !crm::UserStore::has_admin(s)},
                {"inside_wecom", inside_wecom(request)},
                {"wecom", std::move(corps)}})
        );
    });
}

Result<Response> sign_in_local(const ApiServices& services, const ApiRequest& request) {
    if (Status same = same_site(services, request); !same) {
        return std::move(same).error();
    }
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const std::string name = body->required("name");
    const Secret password(body->required("password"));
    const std::string code = body->text("totp");
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return welcome(
        services,
        request,
        services.login.by_password(name, password.reveal(), code, browser_of(request))
    );
}

Result<Response> sign_in_first(const ApiServices& services, const ApiRequest& request) {
    if (Status same = same_site(services, request); !same) {
        return std::move(same).error();
    }
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const Secret code(body->required("code"));
    const std::string name = body->required("name");
    const Secret password(body->required("password"));
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return welcome(
        services,
        request,
        services.login.first(code.reveal(), name, password.reveal(), browser_of(request))
    );
}

Result<Response> start_wecom(const ApiServices& services, const ApiRequest& request) {
    const auto corp = corp_named(services, request);
    if (corp == nullptr || !can_sign_in(*corp)) {
        return Error{
            ErrorCode::not_found,
            "no such corp, or its app has no agent id and secret yet",
            "corp_unknown"};
    }
    const std::string_view way = request.query("way");
    if (!way.empty() && way != "qr" && way != "app") {
        return Error{ErrorCode::invalid, "way must be qr or app", "bad_way"};
    }
    const auto page = return_page(request, *corp);
    if (!page) {
        return page.error();
    }
    const bool in_app = way == "app" || (way.empty() && inside_wecom(request));
    const std::string state = crypto::hex(services.rng.bytes(state_bytes));
    const std::string bound =
        state + "." + corp->id.str() + "." + std::to_string(services.clock.now() + state_ms);
    Response response = Response::empty(302);
    response.headers.set(
        "Location",
        wecom::sign_in_url(
            *corp,
            in_app ? wecom::SignInWay::in_app : wecom::SignInWay::qr,
            services.sessions.base_url(request.http()) + *page,
            state
        )
    );
    response.headers.add(
        "Set-Cookie",
        services.sessions.side_cookie(
            state_cookie, bound + "." + state_mac(services, bound), state_path, state_ms / 1'000
        )
    );
    return response;
}

Result<Response> sign_in_wecom(const ApiServices& services, const ApiRequest& request) {
    if (Status same = same_site(services, request); !same) {
        return std::move(same).error();
    }
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const std::string code = body->required("code");
    const std::string state = body->required("state");
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    const auto begun = begun_with(services, cookie_of(request.http(), state_cookie), state);
    if (!begun) {
        return begun.error();
    }
    if (Status once =
            services.sessions.begin_foreign(state, begun->until, request.http().remote_address);
        !once) {
        return std::move(once).error();
    }
    auto userid = wecom::userid_of_code(services.wecom.api, begun->corp, code);
    if (!userid) {
        return std::move(userid).error();
    }
    auto response = welcome(
        services, request, services.login.by_member(begun->corp, *userid, browser_of(request))
    );
    if (response) {
        response->headers.add(
            "Set-Cookie", services.sessions.side_cookie(state_cookie, "", state_path, 0)
        );
    }
    return response;
}

Result<Response> sign_out(const ApiServices& services, const ApiRequest& request) {
    const Caller& caller = request.caller();
    if (caller.session) {
        auto ended = services.core.write<int>([&](Transaction& tx) -> Result<int> {
            if (crm::SessionStore::end(tx, caller.session)) {
                crm::record_audit(
                    tx,
                    services.audit(),
                    request.viewer(),
                    {"session.end", "session", caller.session.value}
                );
            }
            return 0;
        });
        if (!ended) {
            return std::move(ended).error();
        }
    }
    Response response = no_content();
    response.headers.add("Set-Cookie", services.sessions.end_cookie());
    return response;
}

}  // namespace leadbridge::gateway
