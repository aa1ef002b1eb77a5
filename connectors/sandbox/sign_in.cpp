#include "connectors/sandbox/sign_in.h"

#include <array>

#include "base/json.h"

namespace leadbridge::sandbox {

namespace {

constexpr std::int64_t code_ms = 5 * 60'000;

std::string html_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out.push_back(c);
        }
    }
    return out;
}

Response refused(std::string_view why) {
    return Response::text(400, "the local WeCom: " + std::string(why) + "\n");
}

Response page(const Company& corp, const Request& request) {
    std::string out =
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>本地企业微信 · "
        "登录</title><body><h1>本地企业微信(示例)</h1><p>以哪位成员的身份登录 " +
        html_text(corp.name) + "?</p><ul>";
    const std::string here = "<li><a href=\"?" + html_text(request.raw_query);
    for (const auto& [userid, member] : corp.members) {
        out += here + "&amp;userid=" + html_text(percent_encode(userid)) + "\">" +
               html_text(member.name) + " (" + html_text(userid) + ")</a></li>";
    }
    out += here + "&amp;openid=sandbox-outsider\">不是本企业的成员</a></li></ul></body></html>";
    Response response = Response::text(200, std::move(out));
    response.headers.set("Content-Type", "text/html; charset=utf-8");
    return response;
}

// A code works once and for five minutes.
json::object get_user_info(Call& call) {
    const auto it = call.corp.sign_in_codes.find(std::string(call.http.query.get("code")));
    if (it == call.corp.sign_in_codes.end()) {
        return refuse(40029, "invalid code");
    }
    const SignInCode code = it->second;
    call.corp.sign_in_codes.erase(it);
    if (code.made_ms + code_ms <= call.now) {
        return refuse(40029, "invalid code");
    }
    json::object out = ok();
    if (code.userid.empty()) {
        out["openid"] = code.openid;
    } else {
        out["userid"] = code.userid;
    }
    return out;
}

constexpr std::array table{
    Endpoint{"auth/getuserinfo", Method::get, "app", get_user_info},
};

}  // namespace

bool is_sign_in(const Request& request) noexcept {
    return request.method == Method::get &&
           (request.path == "/wwlogin/sso/login" || request.path == "/connect/oauth2/authorize");
}

Response sign_in(World& world, const Request& request, UnixMillis now, Rng& rng) {
    Company* corp = world.company(std::string(request.query.get("appid")));
    const std::string redirect(request.query.get("redirect_uri"));
    if (corp == nullptr) {
        return refused("there is no corp of this appid");
    }
    if (request.query.get("agentid") != std::to_string(corp->agent_id)) {
        return refused("the agentid is not the app's");
    }
    if (!redirect.starts_with("http://") && !redirect.starts_with("https://")) {
        return refused("redirect_uri is missing");
    }
    SignInCode code;
    code.userid = request.query.get("userid");
    code.openid = request.query.get("openid");
    code.made_ms = now;
    if (code.userid.empty() && code.openid.empty()) {
        return page(*corp, request);
    }
    if (!code.userid.empty() && !corp->members.contains(code.userid)) {
        return refused("there is no such member");
    }
    const std::string text = "sandboxcode" + rng.token(32);
    corp->sign_in_codes[text] = std::move(code);
    Response response = Response::empty(302);
    response.headers.set(
        "Location",
        redirect + (redirect.find('?') == std::string::npos ? "?" : "&") + "code=" + text +
            "&state=" + percent_encode(request.query.get("state"))
    );
    return response;
}

std::span<const Endpoint> sign_in_endpoints() noexcept {
    return table;
}

}  // namespace leadbridge::sandbox
