#include "connectors/sandbox/control.h"

#include <array>

#include "base/json.h"
#include "connectors/sandbox/api_parts.h"
#include "connectors/sandbox/archive_api.h"

namespace leadbridge::sandbox {

namespace {

struct ControlCall {
    World& world;
    Company* corp;  // nullptr where the act needs none
    const Request& http;
    const json::object& body;
    UnixMillis now;
    Rng& rng;

    std::string text(std::string_view key) const { return json_string(body, key); }
};

ControlAnswer answer_json(const json::value& value, Events events = {}) {
    return ControlAnswer{Response::json(200, to_text(value)), std::move(events)};
}

ControlAnswer answer_events(Events events) {
    json::array list;
    for (const Event& event : events) {
        list.emplace_back(event.what);
    }
    return answer_json(json::object{{"events", std::move(list)}}, std::move(events));
}

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

ControlAnswer do_scan(ControlCall& call) {
    json::array list;
    Events events;
    const std::int64_t count = json_int(call.body, "count", 1);
    for (std::int64_t i = 0; i < count; ++i) {
        Scan what;
        what.state = call.text("state");
        what.userid = call.text("userid");
        what.external_userid = call.text("external_userid");
        what.name = call.text("name");
        what.unionid = call.text("unionid");
        what.phone = call.text("phone");
        what.half_first = json_bool(call.body, "half_first");
        what.with_welcome_code = json_bool(call.body, "with_welcome_code", true);
        ScanResult result = scan(call.world, *call.corp, what, call.now, call.rng);
        if (result.userid.empty()) {
            return ControlAnswer{Response::text(409, "no member can take this person"), {}};
        }
        list.push_back(json::object{
            {"userid", result.userid},
            {"external_userid", result.external_userid},
            {"welcome_code", result.welcome_code}});
        std::move(result.events.begin(), result.events.end(), std::back_inserter(events));
    }
    return answer_json(json::object{{"scans", std::move(list)}}, std::move(events));
}

ControlAnswer do_confirm_add(ControlCall& call) {
    return answer_events(confirm_add(
        call.world,
        *call.corp,
        call.text("userid"),
        call.text("external_userid"),
        call.now,
        call.rng
    ));
}

ControlAnswer do_edit(ControlCall& call) {
    const std::string userid = call.text("userid");
    const std::string external = call.text("external_userid");
    if (call.body.contains("remark")) {
        return answer_events(
            edit_remark(*call.corp, userid, external, call.text("remark"), call.now)
        );
    }
    return answer_events(edit_tags(
        *call.corp,
        userid,
        external,
        strings_of(json_array(call.body, "add_tags")),
        strings_of(json_array(call.body, "remove_tags")),
        call.now
    ));
}

ControlAnswer do_delete(ControlCall& call) {
    const std::string userid = call.text("userid");
    const std::string external = call.text("external_userid");
    return answer_events(
        call.text("by") == "member" ? delete_by_member(*call.corp, userid, external, call.now)
                                    : delete_by_contact(*call.corp, userid, external, call.now)
    );
}

ControlAnswer do_consent(ControlCall& call) {
    return answer_events(give_consent(
        call.world,
        *call.corp,
        call.text("userid"),
        call.text("external_userid"),
        call.now,
        call.rng
    ));
}

ControlAnswer do_chat(ControlCall& call) {
    ChatLine line;
    line.from = call.text("from");
    line.to = strings_of(json_array(call.body, "to"));
    line.roomid = call.text("roomid");
    line.msgtype = json_string(call.body, "msgtype", "text");
    line.body_key = call.text("body_key");
    line.action = json_string(call.body, "action", "send");
    if (const json::value* body = call.body.if_contains("body")) {
        line.body_json = to_text(*body);
    } else {
        line.body_json = to_text(json::object{{"content", call.text("text")}});
    }
    if (const std::string size = call.text("media_bytes"); !size.empty()) {
        // A media message: the bytes are made here so that size and MD5 fit.
        std::string bytes = call.rng.bytes(static_cast<std::size_t>(parse_id(size).value_or(1)));
        const std::string md5 = crypto::hex(crypto::md5(bytes));
        const auto length = static_cast<std::int64_t>(bytes.size());
        line.body_json = to_text(json::object{
            {"md5sum", md5},
            {"filesize", length},
            {"filename", "sample." + json_string(call.body, "fileext", "bin")},
            {"fileext", json_string(call.body, "fileext", "bin")},
            {"sdkfileid", add_archive_media(call.world, *call.corp, std::move(bytes))}});
    }
    const std::int64_t count = json_int(call.body, "count", 1);
    std::string msgid;
    for (std::int64_t i = 0; i < count; ++i) {
        msgid = append_chat(call.world, *call.corp, line, call.now, call.rng);
    }
    if (line.to.size() == 1) {
        for (const auto& [a, b] :
             {std::pair{line.from, line.to[0]}, std::pair{line.to[0], line.from}}) {
            if (Follow* follow = call.corp->follow(a, b)) {
                follow->chatting = true;
            }
        }
    }
    Events events;
    if (json_bool(call.body, "notify", true)) {
        events.push_back(archive_notice(*call.corp, call.now));
    }
    return answer_json(json::object{{"msgid", msgid}}, std::move(events));
}

ControlAnswer do_confirm_task(ControlCall& call) {
    std::int64_t confirmed = 0;
    const std::string msgid = call.text("msgid");
    const std::string sender = call.text("sender");
    std::vector<std::string> ids;
    for (const auto& [id, task] : call.corp->tasks) {
        if ((msgid.empty() || id == msgid) && (sender.empty() || task.sender == sender)) {
            ids.push_back(id);
        }
    }
    for (const std::string& id : ids) {
        confirmed += confirm_task(call.world, *call.corp, id, call.now) ? 1 : 0;
    }
    return answer_json(json::object{{"confirmed", confirmed}});
}

ControlAnswer do_tag(ControlCall& call) {
    if (const std::string gone = call.text("delete"); !gone.empty()) {
        return answer_events(console_delete_tag(*call.corp, gone, call.now));
    }
    return answer_events(
        console_add_tag(call.world, *call.corp, call.text("group"), call.text("name"), call.now)
    );
}

ControlAnswer do_member(ControlCall& call) {
    if (const std::string gone = call.text("delete"); !gone.empty()) {
        return answer_events(console_remove_member(*call.corp, gone, call.now));
    }
    return answer_events(
        console_add_member(*call.corp, Member{call.text("userid"), call.text("name")}, call.now)
    );
}

ControlAnswer do_group(ControlCall& call) {
    if (const std::string chat = call.text("chat_id"); !chat.empty()) {
        return answer_events(join_group(*call.corp, chat, call.text("who"), call.now));
    }
    return answer_events(create_group(
        call.world,
        *call.corp,
        call.text("owner"),
        call.text("name"),
        strings_of(json_array(call.body, "members")),
        call.now
    ));
}

// Sends any clear XML, for events that people cannot cause here.
ControlAnswer do_raw_event(ControlCall& call) {
    return answer_events({Event{
        call.corp->corpid,
        json_string(call.body, "callback", "app"),
        call.text("clear"),
        "raw",
        ""}});
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

enum class Needs { company, nothing };

struct ControlRoute {
    std::string_view path;
    Needs needs;
    ControlAnswer (*run)(ControlCall&);
};

constexpr std::array routes{
    ControlRoute{"/sandbox/companies", Needs::nothing, add_company},
    ControlRoute{"/sandbox/scan", Needs::company, do_scan},
    ControlRoute{"/sandbox/confirm-add", Needs::company, do_confirm_add},
    ControlRoute{"/sandbox/edit", Needs::company, do_edit},
    ControlRoute{"/sandbox/delete", Needs::company, do_delete},
    ControlRoute{"/sandbox/consent", Needs::company, do_consent},
    ControlRoute{"/sandbox/chat", Needs::company, do_chat},
    ControlRoute{"/sandbox/confirm-task", Needs::company, do_confirm_task},
    ControlRoute{"/sandbox/tag", Needs::company, do_tag},
    ControlRoute{"/sandbox/member", Needs::company, do_member},
    ControlRoute{"/sandbox/group", Needs::company, do_group},
    ControlRoute{"/sandbox/raw-event", Needs::company, do_raw_event},
    ControlRoute{"/sandbox/faults", Needs::nothing, do_faults},
    ControlRoute{"/sandbox/limits", Needs::nothing, do_limits},
    ControlRoute{"/sandbox/expire-tokens", Needs::company, do_expire_tokens},
    ControlRoute{"/sandbox/rotate-archive-key", Needs::company, do_rotate_archive_key},
    ControlRoute{"/sandbox/state", Needs::company, do_state},
};

}  // namespace

ControlAnswer control(World& world, const Request& request, UnixMillis now, Rng& rng) {
    json::object body;
    if (!request.body.empty()) {
        auto parsed = parse_json(request.body, JsonLimits{4 << 20, 16});
        if (!parsed || !parsed->is_object()) {
            return ControlAnswer{Response::text(400, "send a JSON object"), {}};
        }
        body = std::move(parsed->get_object());
    }
    for (const ControlRoute& route : routes) {
        if (route.path != request.path) {
            continue;
        }
        std::string corpid = json_string(body, "corpid");
        if (corpid.empty()) {
            corpid = request.query.get("corpid");
        }
        if (corpid.empty() && world.companies.size() == 1) {
            corpid = world.companies.begin()->first;
        }
        Company* corp = world.company(corpid);
        if (route.needs == Needs::company && corp == nullptr) {
            return ControlAnswer{Response::text(404, "no such company: " + corpid), {}};
        }
        ControlCall call{world, corp, request, body, now, rng};
        return route.run(call);
    }
    return ControlAnswer{
        Response::text(404, "no such act; connectors/sandbox/README.md lists them"), {}};
}

}  // namespace leadbridge::sandbox
