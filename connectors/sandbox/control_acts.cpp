// What people and administrators do.
#include <array>
#include <iterator>

#include "connectors/sandbox/api_parts.h"
#include "connectors/sandbox/archive_api.h"
#include "connectors/sandbox/console.h"
#include "connectors/sandbox/control_routes.h"
#include "connectors/sandbox/people.h"

namespace leadbridge::sandbox {

namespace {

// With what the act made, if it has an id.
ControlAnswer answer_events(Events events, json::object made = {}) {
    json::array list;
    for (const Event& event : events) {
        list.emplace_back(event.what);
    }
    made["events"] = std::move(list);
    return answer_json(std::move(made), std::move(events));
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
    Member member{call.text("userid"), call.text("name")};
    member.status = static_cast<int>(json_int(call.body, "status", 1));
    member.real_named = json_bool(call.body, "real_named", true);
    return answer_events(console_add_member(*call.corp, member, call.now));
}

ControlAnswer do_group(ControlCall& call) {
    if (const std::string chat = call.text("chat_id"); !chat.empty()) {
        return answer_events(join_group(*call.corp, chat, call.text("who"), call.now));
    }
    Events events = create_group(
        call.world,
        *call.corp,
        call.text("owner"),
        call.text("name"),
        strings_of(json_array(call.body, "members")),
        call.now
    );
    json::object made{{"chat_id", events.front().subject}};
    return answer_events(std::move(events), std::move(made));
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

constexpr std::array routes{
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
};

}  // namespace

std::span<const ControlRoute> act_routes() noexcept {
    return routes;
}

}  // namespace leadbridge::sandbox
