// /api/v1/sandbox: the panel of the local WeCom, only with `serve --sandbox`

#include <algorithm>
#include <array>

#include "crm/staff/audit.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/sandbox_door.h"

namespace leadbridge::gateway {

namespace {

struct ActRow {
    std::string_view act;
    const char* path;
};

constexpr std::array acts{
    ActRow{"scan", "/sandbox/scan"},
    ActRow{"chat", "/sandbox/chat"},
    ActRow{"delete", "/sandbox/delete"},
    ActRow{"confirm", "/sandbox/confirm-task"},
    ActRow{"fault", "/sandbox/faults"},
    ActRow{"delivery", "/sandbox/delivery"}};

Error sandbox_off() {
    return Error{
        ErrorCode::not_found, "no sandbox runs: start `leadbridge serve --sandbox`", "sandbox_off"};
}

template <class F>
json::array rows(Snapshot& s, std::string_view sql, CorpId corp, F map) {
    json::array out;
    s.each(sql, {corp}, [&](const Row& row) {
        out.push_back(map(row));
        return Visit::next;
    });
    return out;
}

json::array waiting_tasks(const json::object& state) {
    json::array out;
    const json::array* tasks = json_array(state, "tasks");
    for (std::size_t i = 0; tasks != nullptr && i < tasks->size(); ++i) {
        const json::object& task = (*tasks)[i].as_object();
        if (!json_bool(task, "confirmed") && !json_bool(task, "cancelled")) {
            out.push_back(json::object{
                {"msgid", json_string(task, "msgid")}, {"sender", json_string(task, "sender")}});
        }
    }
    return out;
}

}  // namespace

Result<Response> get_sandbox(const ApiServices& services, const ApiRequest& request) {
    const auto corp = services.corp_directory.find(request.corp());
    if (!services.sandbox.is_open() || corp == nullptr || !corp->loopback()) {
        return sandbox_off();
    }
    auto state = services.sandbox.act(Method::get, "/sandbox/state?corpid=" + corp->wecom_id, {});
    if (!state) {
        return std::move(state).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        json::object out{
            {"corpid", corp->wecom_id},
            {"speed", services.sandbox.speed()},
            {"contacts", json_int(*state, "people")},
            {"waiting", waiting_tasks(*state)}};
        out["members"] = rows(
            s,
            "SELECT userid, name FROM member WHERE corp_id = ? ORDER BY userid LIMIT 200",
            corp->id,
            [](const Row& row) {
                return json::object{{"userid", row.str(0)}, {"name", row.str(1)}};
            }
        );
        out["codes"] = rows(
            s,
            "SELECT state, name FROM channel WHERE corp_id = ? AND removed_ms = 0 AND qr_code <> "
            "'' ORDER BY id DESC LIMIT 100",
            corp->id,
            [](const Row& row) {
                return json::object{{"state", row.str(0)}, {"name", row.str(1)}};
            }
        );
        out["friends"] = rows(
            s,
            "SELECT m.userid, f.external_userid, c.name FROM follow f JOIN member m ON m.corp_id = "
            "f.corp_id AND m.id = f.member_id JOIN contact c ON c.corp_id = f.corp_id AND c.id = "
            "f.contact_id WHERE f.corp_id = ? AND f.live = 1 ORDER BY f.id DESC LIMIT 50",
            corp->id,
            [](const Row& row) {
                return json::object{
                    {"userid", row.str(0)}, {"external_userid", row.str(1)}, {"name", row.str(2)}};
            }
        );
        return Response::json(200, to_text(out));
    });
}

Result<Response> act_in_sandbox(const ApiServices& services, const ApiRequest& request) {
    const auto corp = services.corp_directory.find(request.corp());
    if (!services.sandbox.is_open() || corp == nullptr || !corp->loopback()) {
        return sandbox_off();
    }
    auto value = parse_json(request.http().body.empty() ? "{}" : request.http().body);
    if (!value || !value->is_object()) {
        return Error{ErrorCode::invalid, "the body must be a JSON object", "bad_body"};
    }
    json::object& body = value->get_object();
    json::object answer;
    if (request.param("act") == "speed") {
        const json::value* speed = body.if_contains("speed");
        if (speed == nullptr || !speed->is_number()) {
            return Error{ErrorCode::rule_broken, "speed: must be 0 to 50", "bad_field"};
        }
        if (Status set = services.sandbox.set_speed(speed->to_number<double>()); !set) {
            return std::move(set).error();
        }
        answer["speed"] = services.sandbox.speed();
    } else {
        const auto row = std::find_if(acts.begin(), acts.end(), [&](const ActRow& one) {
            return one.act == request.param("act");
        });
        if (row == acts.end()) {
            return not_found("act");
        }
        body["corpid"] = corp->wecom_id;
        auto done = services.sandbox.act(Method::post, row->path, body);
        if (!done) {
            return std::move(done).error();
        }
        answer = std::move(*done);
    }
    auto noted = services.core.write<int>([&](Transaction& tx) -> Result<int> {
        const std::string action = "sandbox." + std::string(request.param("act"));
        crm::record_audit(
            tx, services.audit(), request.viewer(), {.action = action, .object = "sandbox"}
        );
        return 0;
    });
    return noted ? Result<Response>(Response::json(200, to_text(answer)))
                 : Result<Response>(std::move(noted).error());
}

}  // namespace leadbridge::gateway
