// Members, departments, groups, media, messages to members, tickets. Shapes: wecom pages 90200ff,
// 92120, 90253, 90236, 91614.

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "base/json.h"
#include "connectors/sandbox/api.h"
#include "connectors/sandbox/api_parts.h"

namespace leadbridge::sandbox {

namespace {

constexpr std::size_t ticket_letters = 64;

json::object member_json(const Member& member) {
    return json::object{
        {"userid", member.userid},
        {"name", member.name},
        {"department", json::array(member.departments.begin(), member.departments.end())}};
}

json::object user_simplelist(Call& call) {
    const std::int64_t department = parse_id(call.http.query.get("department_id")).value_or(0);
    json::array list;
    for (const auto& [userid, member] : call.corp.members) {
        if (std::find(member.departments.begin(), member.departments.end(), department) !=
            member.departments.end()) {
            list.push_back(member_json(member));
        }
    }
    json::object out = ok();
    out["userlist"] = std::move(list);
    return out;
}

json::object user_get(Call& call) {
    const auto it = call.corp.members.find(std::string(call.http.query.get("userid")));
    if (it == call.corp.members.end()) {
        return refuse(60111, "userid not found");
    }
    json::object out = ok();
    for (auto& part : member_json(it->second)) {
        out[part.key()] = part.value();
    }
    out["status"] = it->second.status;
    return out;
}

json::object user_list_id(Call& call) {
    const auto limit = static_cast<std::size_t>(
        std::clamp<std::int64_t>(json_int(call.body, "limit", 10'000), 1, 10'000)
    );
    const std::size_t from = page_start(json_string(call.body, "cursor"));
    std::vector<std::pair<std::string, std::int64_t>> rows;
    for (const auto& [userid, member] : call.corp.members) {
        for (const std::int64_t department : member.departments) {
            rows.emplace_back(userid, department);
        }
    }
    json::array list;
    for (std::size_t i = from; i < rows.size() && i < from + limit; ++i) {
        list.push_back(json::object{{"userid", rows[i].first}, {"department", rows[i].second}});
    }
    json::object out = ok();
    out["dept_user"] = std::move(list);
    out["next_cursor"] = from + limit < rows.size() ? page_cursor(from + limit) : std::string();
    return out;
}

json::object department_list(Call& call) {
    json::array list;
    for (const auto& [id, department] : call.corp.departments) {
        list.push_back(json::object{
            {"id", id}, {"name", department.name}, {"parentid", department.parent}, {"order", 1}});
    }
    json::object out = ok();
    out["department"] = std::move(list);
    return out;
}

json::object department_simplelist(Call& call) {
    json::array list;
    for (const auto& [id, department] : call.corp.departments) {
        list.push_back(json::object{{"id", id}, {"parentid", department.parent}, {"order", 1}});
    }
    json::object out = ok();
    out["department_id"] = std::move(list);
    return out;
}

json::object groupchat_list(Call& call) {
    json::array list;
    for (const auto& [id, group] : call.corp.groups) {
        list.push_back(json::object{{"chat_id", id}, {"status", 0}});
    }
    json::object out = ok();
    out["group_chat_list"] = std::move(list);
    out["next_cursor"] = "";
    return out;
}

json::object groupchat_get(Call& call) {
    const auto it = call.corp.groups.find(json_string(call.body, "chat_id"));
    if (it == call.corp.groups.end()) {
        return refuse(90501, "not a customer group");
    }
    const GroupChat& group = it->second;
    json::array members;
    for (const std::string& id : group.members) {
        const bool inside = call.corp.members.contains(id);
        members.push_back(json::object{
            {"userid", id},
            {"type", inside ? 1 : 2},
            {"join_time", group.created_ms / 1'000},
            {"join_scene", 1}});
    }
    json::object out = ok();
    out["group_chat"] = json::object{
        {"chat_id", group.chat_id},
        {"name", group.name},
        {"owner", group.owner},
        {"create_time", group.created_ms / 1'000},
        {"notice", ""},
        {"member_list", std::move(members)},
        {"admin_list", json::array()},
        {"member_version", std::to_string(group.version)}};
    return out;
}

// The one file of a multipart body: {filename, bytes}.
std::optional<std::pair<std::string, std::string>> uploaded_file(const Request& http) {
    const std::string_view type = http.headers.get("Content-Type");
    const std::size_t at = type.find("boundary=");
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string boundary = "--" + std::string(type.substr(at + 9));
    const std::string_view body = http.body;
    const std::size_t head = body.find("\r\n\r\n");
    const std::size_t tail = body.rfind("\r\n" + boundary);
    const std::size_t name = body.find("filename=\"");
    if (head == std::string_view::npos || tail == std::string_view::npos || tail < head + 4 ||
        name == std::string_view::npos || name > head) {
        return std::nullopt;
    }
    const std::string_view rest = body.substr(name + 10);
    return std::pair{
        std::string(rest.substr(0, rest.find('"'))),
        std::string(body.substr(head + 4, tail - head - 4))};
}

json::object media_upload(Call& call) {
    const std::string type(call.http.query.get("type"));
    constexpr std::array<std::pair<std::string_view, std::size_t>, 4> caps{
        {{"image", 10 << 20}, {"voice", 2 << 20}, {"video", 10 << 20}, {"file", 20 << 20}}};
    const auto cap =
        std::find_if(caps.begin(), caps.end(), [&](const auto& c) { return c.first == type; });
    if (cap == caps.end()) {
        return refuse(40004, "invalid media type");
    }
    auto file = uploaded_file(call.http);
    if (!file || file->second.size() <= 5) {
        return refuse(44001, "empty media data");
    }
    if (file->second.size() > cap->second) {
        return refuse(45001, "media size out of limit");
    }
    const std::string id = call.world.fresh("sandboxmedia");
    call.corp.media[id] = MediaFile{type, file->first, std::move(file->second), call.now};
    json::object out = ok();
    out["type"] = type;
    out["media_id"] = id;
    out["created_at"] = std::to_string(call.now / 1'000);
    return out;
}

json::object media_get(Call& call) {
    const auto it = call.corp.media.find(std::string(call.http.query.get("media_id")));
    if (it == call.corp.media.end() ||
        it->second.created_ms + call.world.limits.media_ttl_s * 1'000LL <= call.now) {
        return refuse(40007, "invalid media_id");
    }
    json::object out;
    out["\u0001raw"] = it->second.bytes;
    return out;
}

json::object message_send(Call& call) {
    const std::string to = json_string(call.body, "touser");
    const std::string type = json_string(call.body, "msgtype");
    if (json_int(call.body, "agentid") != call.corp.agent_id) {
        return refuse(40056, "invalid agentid");
    }
    if (to.empty()) {
        return refuse(82001, "receivers are empty");
    }
    std::string invalid;
    std::size_t good = 0;
    std::string rest = to;
    while (!rest.empty()) {
        const std::size_t bar = rest.find('|');
        const std::string user = rest.substr(0, bar);
        rest = bar == std::string::npos ? "" : rest.substr(bar + 1);
        if (user == "@all" || call.corp.members.contains(user)) {
            ++good;
        } else {
            invalid += (invalid.empty() ? "" : "|") + user;
        }
    }
    if (good == 0) {
        return refuse(81013, "all receivers are invalid");
    }
    const std::string content =
        to + type + to_text(call.body.contains(type) ? call.body.at(type) : json::value());
    const std::int64_t window = json_int(call.body, "duplicate_check_interval", 1'800) * 1'000;
    auto& seen = call.corp.member_message_seen[content];
    const bool repeat =
        json_int(call.body, "enable_duplicate_check") == 1 && seen != 0 && call.now - seen < window;
    if (!repeat) {
        seen = call.now;
        call.corp.member_messages.push_back(content);
    }
    json::object out = ok();
    out["msgid"] = call.world.fresh("sandboxsend");
    if (!invalid.empty()) {
        out["invaliduser"] = invalid;
    }
    return out;
}

json::object permit_users(Call& call) {
    json::array ids;
    for (const auto& [userid, member] : call.corp.members) {
        ids.emplace_back(userid);
    }
    json::object out = ok();
    out["ids"] = std::move(ids);
    return out;
}

// Of the corp for config, of its app for agentConfig (page 90506). Within their life the same ones.
json::object ticket_of(const std::string& owner) {
    json::object out = ok();
    out["ticket"] =
        "sandbox-" + crypto::hex(crypto::sha256("ticket of " + owner)).substr(0, ticket_letters);
    out["expires_in"] = 7'200;
    return out;
}

json::object corp_ticket(Call& call) {
    return ticket_of(call.corp.corpid);
}

json::object app_ticket(Call& call) {
    if (call.http.query.get("type") != "agent_config") {
        return refuse(40035, "type must be agent_config");
    }
    return ticket_of(call.corp.corpid + '/' + std::to_string(call.corp.agent_id));
}

json::object callback_ips(Call&) {
    json::object out = ok();
    out["ip_list"] = json::array{"127.0.0.*"};
    return out;
}

constexpr std::array table{
    Endpoint{"user/simplelist", Method::get, "app contacts", user_simplelist},
    Endpoint{"user/get", Method::get, "app contacts", user_get},
    Endpoint{"user/list_id", Method::post, "app contacts", user_list_id},
    Endpoint{"department/list", Method::get, "app contacts", department_list},
    Endpoint{"department/simplelist", Method::get, "app contacts", department_simplelist},
    Endpoint{"externalcontact/groupchat/list", Method::post, "app contacts", groupchat_list},
    Endpoint{"externalcontact/groupchat/get", Method::post, "app contacts", groupchat_get},
    Endpoint{"media/upload", Method::post, "app contacts", media_upload},
    Endpoint{"media/get", Method::get, "app contacts", media_get},
    Endpoint{"message/send", Method::post, "app", message_send},
    Endpoint{"msgaudit/get_permit_user_list", Method::post, "archive", permit_users},
    Endpoint{"get_jsapi_ticket", Method::get, "app", corp_ticket},
    Endpoint{"ticket/get", Method::get, "app", app_ticket},
    Endpoint{"getcallbackip", Method::get, "app contacts archive", callback_ips},
};

}  // namespace

std::span<const Endpoint> staff_endpoints() noexcept {
    return table;
}

}  // namespace leadbridge::sandbox
