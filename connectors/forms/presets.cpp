#include "connectors/forms/presets.h"

#include <algorithm>
#include <iterator>

namespace leadbridge::forms {

namespace {

// What people name the fields of a form of their own.
constexpr std::string_view generic_map = R"json({
    "id": ["/id", "/event_id", "/submission_id"],
    "name": ["/name", "/data/name"], "phone": ["/phone", "/mobile", "/data/phone"],
    "email": ["/email", "/data/email"], "unionid": ["/unionid", "/data/unionid"],
    "external_userid": ["/external_userid", "/data/external_userid"], "openid": ["/openid", "/data/openid"],
    "company": ["/company", "/data/company"], "state": ["/state", "/data/state"],
    "form_name": ["/form_name", "/form"], "submitted_at": ["/submitted_at", "/created_at", "/data/submitted_at"],
    "answers": ["/answers", "/data/answers"]})json";

constexpr Preset all[] = {
    {"generic", R"({"kind":"path"})", generic_map, ""},
    {"github", R"({"kind":"github"})", generic_map, ""},
    {"stripe", R"({"kind":"stripe","tolerance_s":300})", generic_map, ""},
    {"standard_webhooks", R"({"kind":"std","tolerance_s":300})", generic_map, ""},
    // 金数据: field labels are not in the payload; x_field_1 is the extension field that carries
    // our state.
    {"jinshuju",
     R"({"kind":"path"})",
     R"json({
        "id": [["/form", "/entry/serial_number", "/entry/updated_at"], ["/form", "/entry/serial_number"]],
        "form_name": "/form_name", "state": "/entry/x_field_1", "submitted_at": ["/entry/created_at"],
        "answers": "/entry", "omit": ["serial_number", "created_at", "updated_at", "info_remote_ip", "x_field_1"]})json",
     ""},
    // 问卷星: the signature does not cover the answers; our state travels in sojumpparm.
    {"wjx",
     R"({"kind":"wjx"})",
     R"json({
        "id": [["/activity", "/joinid"]], "form_name": "/name", "state": "/sojumpparm",
        "submitted_at": "/submittime", "time_format": "local", "answers": "",
        "omit": ["sign", "activity", "name", "index", "joinid", "timetaken", "totalvalue", "submittime", "sojumpparm"]})json",
     ""},
    // 腾讯问卷: not signed, so a secret in the path. Its openid is a field of the link, not
    // WeChat's.
    {"tencent_survey",
     R"({"kind":"path"})",
     R"json({
        "id": "/id", "form_name": "/payload/survey_id", "state": "/payload/openid",
        "submitted_at": ["/payload/ended_at", "/created_at"], "time_format": "local", "answers": "/payload/answer",
        "skip": {"pointer": "/action", "values": ["answer.delete"]}})json",
     ""},
    {"jiandaoyun",
     R"({"kind":"jdy"})",
     R"json({
        "id": ["header:X-JDY-DeliverId", ["/op", "/data/_id", "/data/updateTime"]], "form_name": "/data/formName",
        "submitted_at": ["/data/updateTime", "/data/createTime"], "answers": "/data",
        "omit": ["_id", "appId", "entryId", "createTime", "updateTime", "formName", "flowState"],
        "skip": {"pointer": "/op", "values": ["data_remove", "form_update", "data_test"]}})json",
     ""},
    {"fanqier",
     R"({"kind":"fanqier"})",
     R"json({
        "unpack": ["/data"], "id": ["/data/_id"], "form_name": "/data/form",
        "state": "/data/extendValues/queryString", "submitted_at": "/time", "answers": "/data/values"})json",
     "success"},
    {"feishu",
     R"({"kind":"feishu"})",
     R"json({
        "id": ["/header/event_id", "/uuid"], "form_name": "/header/event_type",
        "submitted_at": ["/header/create_time", "/ts"], "answers": "/event"})json",
     "",
     Challenge::feishu},
    // 巨量引擎: the header that carries the signature is chosen in the console.
    {"oceanengine",
     R"({"kind":"hmac","header":"X-Open-Signature"})",
     R"json({
        "unpack": ["/data"], "id": ["/message_id", "/clue_id"],
        "name": ["/data/name", "/name"], "phone": ["/data/telphone", "/telphone", "/data/phone"],
        "email": ["/data/email", "/email"], "form_name": ["/data/module_name", "/service_label"],
        "submitted_at": ["/data/create_time", "/create_time", "/publish_time"], "answers": ["/data/remark_dict", "/remark_dict"]})json",
     R"({"BaseResp":{"StatusCode":200,"StatusMessage":"ok"}})",
     Challenge::oceanengine},
    {"baidu",
     R"({"kind":"path"})",
     R"json({
        "id": "/clueId", "phone": "/cluePhoneNumber", "name": "/userName", "form_name": "/solutionTypeName",
        "submitted_at": "/commitTime", "answers": "/formDetail",
        "questions": {"name": ["name"], "phone": ["phone", "tel"], "email": ["email"]}})json",
     R"({"code":0,"message":"success"})"},
    {"tencent_ads",
     R"({"kind":"path"})",
     R"json({
        "id": "/leads_id", "name": "/leads_name", "phone": "/leads_telephone", "email": "/leads_email",
        "form_name": "/page_name", "submitted_at": ["/leads_action_time", "/leads_create_time"], "time_format": "local",
        "unpack": ["/bundle"], "answers": "/bundle"})json",
     "OK"},
};

}  // namespace

std::span<const Preset> presets() {
    return all;
}

const Preset& preset(std::string_view name) {
    const auto* found = std::find_if(std::begin(all), std::end(all), [&](const Preset& p) {
        return p.name == name;
    });
    return found == std::end(all) ? all[0] : *found;
}

}  // namespace leadbridge::forms
