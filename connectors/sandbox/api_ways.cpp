// externalcontact: contact ways. Shapes: wecom page 92572.

#include <algorithm>
#include <array>

#include "base/json.h"
#include "connectors/sandbox/api.h"
#include "connectors/sandbox/api_parts.h"

namespace leadbridge::sandbox {

namespace {

json::object way_json(const ContactWay& way) {
    return json::object{
        {"config_id", way.config_id},
        {"type", way.type},
        {"scene", way.scene},
        {"style", 1},
        {"remark", way.remark},
        {"skip_verify", way.skip_verify},
        {"state", way.state},
        {"qr_code", "https://wework.qpic.cn/sandbox/" + way.config_id},
        {"user", json::array(way.users.begin(), way.users.end())},
        {"party", json::array()},
        {"is_temp", false},
        {"expires_in", 0},
        {"chat_expires_in", 0},
        {"unionid", ""}};
}

std::optional<json::object> check_way_users(Call& call, const std::vector<std::string>& users) {
    if (users.size() > 100) {
        return refuse(41041, "user count exceeds 100");
    }
    for (const std::string& user : users) {
        const auto member = call.corp.members.find(user);
        if (member == call.corp.members.end()) {
            return refuse(40003, "invalid userid: " + user);
        }
        if (member->second.status != 1 || !member->second.real_named) {  // it does not say who
            return refuse(41054, "user not activate");
        }
    }
    return std::nullopt;
}

json::object add_contact_way(Call& call) {
    ContactWay way;
    way.type = static_cast<int>(json_int(call.body, "type"));
    way.scene = static_cast<int>(json_int(call.body, "scene"));
    way.state = json_string(call.body, "state");
    way.remark = json_string(call.body, "remark");
    way.users = strings_of(json_array(call.body, "user"));
    way.skip_verify = json_bool(call.body, "skip_verify", true);
    way.created_ms = call.now;
    if (way.type != 1 && way.type != 2) {
        return refuse(41037, "missing or invalid contact way type");
    }
    if (way.scene != 1 && way.scene != 2) {
        return refuse(41038, "missing or invalid contact way scene");
    }
    if (utf8_length(way.state) > 30 || utf8_length(way.remark) > 30 || way.users.empty() ||
        (way.type == 1 && way.users.size() != 1)) {
        return refuse(
            40058, "invalid contact way: state and remark up to 30 characters, one user for type 1"
        );
    }
    if (auto error = check_way_users(call, way.users)) {
        return std::move(*error);
    }
    way.config_id = call.world.fresh("sandboxway");
    json::object out = ok();
    out["config_id"] = way.config_id;
    if (way.scene == 2) {
        out["qr_code"] = "https://wework.qpic.cn/sandbox/" + way.config_id;
    }
    call.corp.ways[way.config_id] = std::move(way);
    return out;
}

json::object get_contact_way(Call& call) {
    const auto it = call.corp.ways.find(json_string(call.body, "config_id"));
    if (it == call.corp.ways.end()) {
        return refuse(41044, "invalid config_id");
    }
    json::object out = ok();
    out["contact_way"] = way_json(it->second);
    return out;
}

json::object list_contact_way(Call& call) {
    const std::int64_t start =
        json_int(call.body, "start_time", call.now / 1'000 - 90LL * 86'400) * 1'000;
    const std::int64_t end = json_int(call.body, "end_time", call.now / 1'000 + 1) * 1'000;
    const auto limit = static_cast<std::size_t>(
        std::clamp<std::int64_t>(json_int(call.body, "limit", 100), 1, 1'000)
    );
    std::vector<std::string> ids;
    for (const auto& [id, way] : call.corp.ways) {
        if (way.created_ms / 1'000 * 1'000 >= start && way.created_ms <= end + 999) {
            ids.push_back(id);
        }
    }
    const std::size_t from = page_start(json_string(call.body, "cursor"));
    json::array list;
    for (std::size_t i = from; i < ids.size() && i < from + limit; ++i) {
        list.push_back(json::object{{"config_id", ids[i]}});
    }
    json::object out = ok();
    out["contact_way"] = std::move(list);
    if (from + limit < ids.size()) {
        out["next_cursor"] = page_cursor(from + limit);
    }
    return out;
}

json::object update_contact_way(Call& call) {
    const auto it = call.corp.ways.find(json_string(call.body, "config_id"));
    if (it == call.corp.ways.end()) {
        return refuse(41044, "invalid config_id");
    }
    ContactWay& way = it->second;
    if (const json::array* users = json_array(call.body, "user")) {
        auto list = strings_of(users);
        if (list.empty()) {
            return refuse(40058, "invalid contact way: no user");
        }
        if (auto error = check_way_users(call, list)) {
            return std::move(*error);
        }
        way.users = std::move(list);
    }
    if (call.body.contains("remark")) {
        way.remark = json_string(call.body, "remark");
    }
    if (call.body.contains("state")) {
        way.state = json_string(call.body, "state");
    }
    way.skip_verify = json_bool(call.body, "skip_verify", way.skip_verify);
    return ok();
}

json::object del_contact_way(Call& call) {
    if (call.corp.ways.erase(json_string(call.body, "config_id")) == 0) {
        return refuse(41044, "invalid config_id");
    }
    return ok();
}

constexpr std::array table{
    Endpoint{"externalcontact/add_contact_way", Method::post, "app contacts", add_contact_way},
    Endpoint{"externalcontact/get_contact_way", Method::post, "app contacts", get_contact_way},
    Endpoint{"externalcontact/list_contact_way", Method::post, "app contacts", list_contact_way},
    Endpoint{
        "externalcontact/update_contact_way", Method::post, "app contacts", update_contact_way},
    Endpoint{"externalcontact/del_contact_way", Method::post, "app contacts", del_contact_way},
};

}  // namespace

std::span<const Endpoint> way_endpoints() noexcept {
    return table;
}

}  // namespace leadbridge::sandbox
