#include "gateway/wecom_question.h"

#include <fmt/format.h>

#include <array>

#include "base/json.h"

namespace leadbridge::gateway {

namespace {

constexpr std::int64_t patience_ms = 3'000;

struct Cure {
    int errcode;
    std::string_view place;
    std::string_view fix;
    bool blames_secret = false;
};

// The codes that go wrong when a corp is connected (page 90313).
constexpr std::array cures{
    Cure{
        40001,
        "应用管理 › 自建应用 › Secret",
        "the secret is wrong or was reset: copy it again",
        true},
    Cure{40013, "我的企业 › 企业信息 › 企业ID", "the corp id is wrong"},
    Cure{40091, "应用管理 › 自建应用 › Secret", "the secret is wrong: copy it again", true},
    Cure{
        60020,
        "应用管理 › 自建应用 › 企业可信IP",
        "add this machine's public address; it takes a minute to apply"},
    Cure{48002, "客户与上下游 › 客户联系 › 客户 › API › 可调用接口的应用", "list the app there"},
    Cure{
        84074,
        "客户与上下游 › 客户联系 › 权限配置",
        "give the members customer contact permission"},
    Cure{301002, "应用管理 › 自建应用 › AgentId", "agent_id does not belong to this secret"},
};

}  // namespace

Finding answered(
    const std::string& check,
    int errcode,
    const std::string& errmsg,
    std::string good,
    std::string_view place
) {
    if (errcode == 0) {
        return ok(check, std::move(good));
    }
    for (const Cure& cure : cures) {
        if (cure.errcode == errcode) {
            return broken(
                check,
                fmt::format("WeCom says {}: {}", errcode, errmsg),
                std::string(cure.blames_secret && !place.empty() ? place : cure.place),
                std::string(cure.fix)
            );
        }
    }
    return broken(
        check,
        fmt::format("WeCom says {}: {}", errcode, errmsg),
        "developer.work.weixin.qq.com/document/path/90313",
        "look the code up there"
    );
}

Asked ask(const crm::Corp& corp, HttpClient& http, const std::string& path) {
    HttpCall call;
    call.url = corp.api_base + "/cgi-bin/" + path;
    call.connect_timeout_ms = patience_ms;
    call.timeout_ms = patience_ms;
    const auto reply = http.call(call);
    Asked out;
    if (!reply) {
        out.unreachable = broken(
            "corp.network",
            corp.api_base + " cannot be reached: " + reply.error().message,
            "corp.api_base",
            "check DNS, firewall and proxy of this machine"
        );
        return out;
    }
    auto value = parse_json(reply->body);
    if (!value || !value->is_object()) {
        out.unreachable = broken(
            "corp.network",
            corp.api_base + " does not answer like WeCom",
            "corp.api_base",
            "set it to https://qyapi.weixin.qq.com"
        );
        return out;
    }
    const json::object& object = value->get_object();
    out.date = reply->headers.get("Date");
    out.errcode = static_cast<int>(json_int(object, "errcode"));
    out.errmsg = json_string(object, "errmsg");
    out.token = json_string(object, "access_token");
    return out;
}

Asked ask_token(const crm::Corp& corp, const Secret& secret, HttpClient& http) {
    return ask(
        corp,
        http,
        fmt::format(
            "gettoken?corpid={}&corpsecret={}",
            percent_encode(corp.wecom_id),
            percent_encode(std::string(secret.reveal()))
        )
    );
}

}  // namespace leadbridge::gateway
