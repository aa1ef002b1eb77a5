// externalcontact: people, follows, welcome messages. Shapes: wecom pages 92114, 92994, 92137.

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
    Endpoint{"externalcontact/send_welcome_msg", Method::post, "app contacts", send_welcome_msg},
};

}  // namespace

std::span<const Endpoint> customer_endpoints() noexcept {
    return table;
}

}  // namespace leadbridge::sandbox
