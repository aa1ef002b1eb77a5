// Companies, faults, limits, keys; and the state for the history checker.
#include <array>

#include "connectors/sandbox/control_routes.h"

namespace leadbridge::sandbox {

namespace {

json::object credentials(const Company& corp) {
    json::object secrets;
    for (const auto& [kind, secret] : corp.secrets) {
        secrets[kind] = secret;
    }
    json::array keys;
    for (const ArchiveKeyPair& pair : corp.archive_keys) {
        keys.push_back(json::object{
            {"version", pair.version},
            {"private_pem", std::string(pair.key->private_pem().reveal())}});
    }
    json::object out{
        {"corpid", corp.corpid},
        {"name", corp.name},
        {"agent_id", corp.agent_id},
        {"secrets", std::move(secrets)},
        {"archive_keys", std::move(keys)}};
    if (const auto app = corp.callbacks.find("app"); app != corp.callbacks.end()) {
        out["token"] = app->second.token;
        out["encoding_aes_key"] = app->second.encoding_aes_key;
    }
    return out;
}

ControlAnswer add_company(ControlCall& call) {
    CompanySpec spec;
    spec.corpid = call.text("corpid");
    spec.name = json_string(call.body, "name", "示例公司");
    spec.callback_base = call.text("callback_base");
    spec.token = call.text("token");
    spec.encoding_aes_key = call.text("encoding_aes_key");
    spec.archive_key_versions = static_cast<int>(json_int(call.body, "archive_key_versions", 1));
    const std::int64_t count = json_int(call.body, "members", 3);
    for (std::int64_t i = 1; i <= count; ++i) {
        spec.members.push_back(Member{"sample" + std::to_string(i), "示例成员" + std::to_string(i)}
        );
    }
    if (spec.corpid.empty()) {
        return ControlAnswer{Response::text(400, "corpid is missing"), {}};
    }
    return answer_json(credentials(make_company(call.world, spec, call.rng)));
}

ControlAnswer do_faults(ControlCall& call) {
    if (const json::array* faults = json_array(call.body, "faults")) {
        call.world.faults.clear();
        for (const json::value& item : *faults) {
            if (!item.is_object()) {
                continue;
            }
            const json::object& f = item.get_object();
            call.world.faults.push_back(Fault{
                json_string(f, "api", "*"),
                json_string(f, "kind"),
                json_int(f, "value"),
                static_cast<double>(json_int(f, "percent", 100)) / 100.0,
                json_int(f, "count", -1),
                json_string(f, "corpid")});
        }
    }
    return answer_json(json::object{{"faults", call.world.faults.size()}});
}

ControlAnswer do_limits(ControlCall& call) {
    Limits& limits = call.world.limits;
    limits.calls_per_minute = json_int(call.body, "calls_per_minute", limits.calls_per_minute);
    limits.latency_ms = json_int(call.body, "latency_ms", limits.latency_ms);
    limits.token_ttl_s = json_int(call.body, "token_ttl_s", limits.token_ttl_s);
    limits.media_ttl_s = static_cast<int>(json_int(call.body, "media_ttl_s", limits.media_ttl_s));
    limits.cap_per_contact_month =
        json_int(call.body, "cap_per_contact_month", limits.cap_per_contact_month);
    return answer_json(json::object{});
}

ControlAnswer do_expire_tokens(ControlCall& call) {
    call.corp->tokens.clear();
    return answer_json(json::object{});
}

ControlAnswer do_rotate_archive_key(ControlCall& call) {
    const int version =
        call.corp->archive_keys.empty() ? 1 : call.corp->archive_keys.back().version + 1;
    call.corp->archive_keys.push_back(ArchiveKeyPair{
        version, std::make_shared<const crypto::RsaKey>(crypto::RsaKey::generate(2'048))});
    return answer_json(credentials(*call.corp));
}

ControlAnswer do_state(ControlCall& call) {
    return ControlAnswer{Response::json(200, dump_company(*call.corp)), {}};
}

constexpr std::array routes{
    ControlRoute{"/sandbox/companies", Needs::nothing, add_company},
    ControlRoute{"/sandbox/faults", Needs::nothing, do_faults},
    ControlRoute{"/sandbox/limits", Needs::nothing, do_limits},
    ControlRoute{"/sandbox/expire-tokens", Needs::company, do_expire_tokens},
    ControlRoute{"/sandbox/rotate-archive-key", Needs::company, do_rotate_archive_key},
    ControlRoute{"/sandbox/state", Needs::company, do_state},
};

}  // namespace

std::span<const ControlRoute> setting_routes() noexcept {
    return routes;
}

}  // namespace leadbridge::sandbox
