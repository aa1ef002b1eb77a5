#include "connectors/wecom/sign_in.h"

#include "base/json.h"

namespace leadbridge::wecom {

namespace {

constexpr std::string_view official_api = "https://qyapi.weixin.qq.com";
constexpr std::string_view official_qr = "https://login.work.weixin.qq.com";
constexpr std::string_view official_grant = "https://open.weixin.qq.com";
constexpr ApiClient::Once timeouts{3'000, 7'000};
constexpr int invalid_code = 40029;
constexpr int used_code = 42003;

}  // namespace

std::string sign_in_url(
    const crm::Corp& corp, SignInWay way, std::string_view redirect_uri, std::string_view state
) {
    const bool official = corp.api_base == official_api;
    const std::string common =
        "appid=" + percent_encode(corp.wecom_id) + "&agentid=" + std::to_string(corp.agent_id) +
        "&redirect_uri=" + percent_encode(redirect_uri) + "&state=" + percent_encode(state);
    if (way == SignInWay::qr) {
        return std::string(official ? official_qr : std::string_view(corp.api_base)) +
               "/wwlogin/sso/login?login_type=CorpApp&" + common;
    }
    return std::string(official ? official_grant : std::string_view(corp.api_base)) +
           "/connect/oauth2/authorize?response_type=code&scope=snsapi_base&" + common +
           "#wechat_redirect";
}

Result<std::string> userid_of_code(ApiClient& api, CorpId corp_id, std::string_view code) {
    const auto corp = api.corp(corp_id);
    if (!corp) {
        return Error{ErrorCode::not_found, "no such corp", "corp_unknown"};
    }
    const auto reply =
        api.call_once(*corp, api::user_info, {.query = {{"code", std::string(code)}}}, timeouts);
    if (!reply) {
        if (reply.error().upstream_code == invalid_code ||
            reply.error().upstream_code == used_code) {
            return Error{
                ErrorCode::unauthenticated,
                "WeCom's code is wrong, used or older than 5 minutes; sign in again",
                "bad_wecom_code"};
        }
        return reply.error();
    }
    std::string userid = json_string(reply->object(), "userid");
    if (userid.empty()) {  // the older name of the field
        userid = json_string(reply->object(), "UserId");
    }
    // "CorpId/userid" is a member of a linked corp (互联企业, 上下游).
    if (userid.empty() || userid.find('/') != std::string::npos) {
        return Error{ErrorCode::forbidden, "only members of this corp may sign in", "not_a_member"};
    }
    return userid;
}

}  // namespace leadbridge::wecom
