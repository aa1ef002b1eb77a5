// externalcontact: people, follows, contact ways, welcome messages. Shapes: wecom pages 92114,
// 92994, 92572, 92137.

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/time_zone.h"
#include "connectors/sandbox/api.h"
#include "connectors/sandbox/api_parts.h"

namespace leadbridge::sandbox {

namespace {

constexpr std::int64_t welcome_window_ms = 20'000;
constexpr std::size_t followers_per_page = 500;

json::object person_json(const Person& person) {
    json::object out{
        {"external_userid", person.external_userid},
        {"name", person.name},
        {"avatar", person.avatar},
        {"type", person.type},
        {"gender", person.gender}};
    if (!person.unionid.empty()) {
        out["unionid"] = person.unionid;
    }
    return out;
}

json::object follow_json(Company& corp, const Follow& follow, bool tag_ids_only) {
    json::object out{
        {"userid", follow.userid},
        {"remark", follow.remark},
        {"description", follow.description},
        {"createtime", follow.created_ms / 1'000},
        {"add_way", follow.add_way},
        {"oper_userid", follow.external_userid},
        {"remark_mobiles",
         json::array(follow.remark_mobiles.begin(), follow.remark_mobiles.end())}};
    if (!follow.state.empty()) {
        out["state"] = follow.state;
    }
    if (tag_ids_only) {
        out["tag_id"] = json::array(follow.tags.begin(), follow.tags.end());
        return out;
    }
    json::array tags;
    for (const std::string& id : follow.tags) {
        TagGroup* group = nullptr;
        if (const Tag* tag = corp.tag(id, &group)) {
            tags.push_back(json::object{
                {"group_name", group->name}, {"tag_name", tag->name}, {"tag_id", id}, {"type", 1}});
        }
    }
    out["tags"] = std::move(tags);
    return out;
}

json::object get_follow_user_list(Call& call) {
    json::array users;
    for (const auto& [userid, member] : call.corp.members) {
        if (member.status == 1) {
            users.emplace_back(userid);
        }
    }
    json::object out = ok();
    out["follow_user"] = std::move(users);
    return out;
}

json::object list_contacts(Call& call) {
    const std::string userid(call.http.query.get("userid"));
    if (!call.corp.members.contains(userid)) {
        return refuse(60111, "userid not found");
    }
    json::array ids;
    for (const auto& [pair, follow] : call.corp.follows) {
        if (pair.first == userid && !follow.half) {
            ids.emplace_back(pair.second);
        }
    }
    if (ids.empty()) {
        return refuse(84061, "not external contact");
    }
    json::object out = ok();
    out["external_userid"] = std::move(ids);
    return out;
}

json::object get_contact(Call& call) {
    const std::string id(call.http.query.get("external_userid"));
    if (id.empty()) {
        return refuse(41035, "missing external_userid");
    }
    const auto person = call.corp.people.find(id);
    if (person == call.corp.people.end()) {
        return refuse(40096, "invalid external userid");
    }
    std::vector<const Follow*> follows;
    for (const auto& [pair, follow] : call.corp.follows) {
        if (pair.second == id && !follow.half) {
            follows.push_back(&follow);
        }
    }
    if (follows.empty()) {
        return refuse(84061, "not external contact");
    }
    const std::size_t from = page_start(call.http.query.get("cursor"));
    json::array list;
    for (std::size_t i = from; i < follows.size() && i < from + followers_per_page; ++i) {
        list.push_back(follow_json(call.corp, *follows[i], false));
    }
    json::object out = ok();
    out["external_contact"] = person_json(person->second);
    out["follow_user"] = std::move(list);
    if (from + followers_per_page < follows.size()) {
        out["next_cursor"] = page_cursor(from + followers_per_page);
    }
    return out;
}

json::object batch_get_by_user(Call& call) {
    const json::array* users = json_array(call.body, "userid_list");
    if (users == nullptr || users->empty() || users->size() > 100) {
        return refuse(40058, "userid_list must have 1 to 100 entries");
    }
    const std::int64_t limit = json_int(call.body, "limit", 50);
    if (limit < 1 || limit > 100) {
        return refuse(40058, "limit must be 1 to 100");
    }
    std::vector<const Follow*> rows;
    for (const json::value& user : *users) {
        for (const auto& [pair, follow] : call.corp.follows) {
            if (user.is_string() && pair.first == user.get_string() && !follow.half) {
                rows.push_back(&follow);
            }
        }
    }
    const std::size_t from = page_start(json_string(call.body, "cursor"));
    const std::size_t end = std::min(rows.size(), from + static_cast<std::size_t>(limit));
    json::array list;
    for (std::size_t i = from; i < end; ++i) {
        const auto person = call.corp.people.find(rows[i]->external_userid);
        list.push_back(json::object{
            {"external_contact", person_json(person->second)},
            {"follow_info", follow_json(call.corp, *rows[i], true)}});
    }
    json::object out = ok();
    out["external_contact_list"] = std::move(list);
    out["next_cursor"] = end < rows.size() ? page_cursor(end) : std::string();
    return out;
}

json::object set_remark(Call& call) {
    Follow* follow = call.corp.follow(
        json_string(call.body, "userid"), json_string(call.body, "external_userid")
    );
    if (follow == nullptr) {
        return refuse(84061, "not external contact");
    }
    if (call.body.contains("remark")) {
        follow->remark = json_string(call.body, "remark");
    }
    if (call.body.contains("description")) {
        follow->description = json_string(call.body, "description");
    }
    if (const json::array* mobiles = json_array(call.body, "remark_mobiles")) {
        follow->remark_mobiles = strings_of(mobiles);
        std::erase(follow->remark_mobiles, "");
    }
    return ok();
}

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
        if (!call.corp.members.contains(user)) {
            return refuse(40003, "invalid userid: " + user);
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

json::object send_welcome_msg(Call& call) {
    const auto it = call.corp.welcomes.find(json_string(call.body, "welcome_code"));
    if (it == call.corp.welcomes.end()) {
        return refuse(41050, "invalid or expired welcome_code");
    }
    WelcomeCode& code = it->second;
    if (auto error = check_content(call)) {
        return std::move(*error);
    }
    const Follow* follow = call.corp.follow(code.userid, code.external_userid);
    if (code.sends > 0 || (follow != nullptr && follow->chatting)) {
        return refuse(41051, "externaluser has started chatting");
    }
    if (call.now - code.issued_ms > welcome_window_ms) {
        return refuse(41050, "invalid or expired welcome_code");
    }
    code.sends += 1;
    code.sent_ms = call.now;
    if (const json::object* text = json_object(call.body, "text")) {
        code.text = json_string(*text, "content");
    }
    // A second code of the same pair (half add, then add) is used up by the first welcome.
    for (auto& [other_code, other] : call.corp.welcomes) {
        if (other_code != code.code && other.userid == code.userid &&
            other.external_userid == code.external_userid && other.sends == 0) {
            other.issued_ms = 0;
        }
    }
    if (Follow* f = call.corp.follow(code.userid, code.external_userid)) {
        f->chatting = true;
    }
    return ok();
}

constexpr std::array table{
    Endpoint{
        "externalcontact/get_follow_user_list", Method::get, "app contacts", get_follow_user_list},
    Endpoint{"externalcontact/list", Method::get, "app contacts", list_contacts},
    Endpoint{"externalcontact/get", Method::get, "app contacts", get_contact},
    Endpoint{"externalcontact/batch/get_by_user", Method::post, "app contacts", batch_get_by_user},
    Endpoint{"externalcontact/remark", Method::post, "app contacts", set_remark},
    Endpoint{"externalcontact/add_contact_way", Method::post, "app contacts", add_contact_way},
    Endpoint{"externalcontact/get_contact_way", Method::post, "app contacts", get_contact_way},
    Endpoint{"externalcontact/list_contact_way", Method::post, "app contacts", list_contact_way},
    Endpoint{
        "externalcontact/update_contact_way", Method::post, "app contacts", update_contact_way},
    Endpoint{"externalcontact/del_contact_way", Method::post, "app contacts", del_contact_way},
    Endpoint{"externalcontact/send_welcome_msg", Method::post, "app contacts", send_welcome_msg},
};

}  // namespace

std::span<const Endpoint> customer_endpoints() noexcept {
    return table;
}

}  // namespace leadbridge::sandbox
