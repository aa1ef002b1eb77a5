// Corp tags and marks. Shapes: wecom pages 92117, 92118.

#include <algorithm>
#include <array>

#include "base/json.h"
#include "connectors/sandbox/api.h"
#include "connectors/sandbox/api_parts.h"

namespace leadbridge::sandbox {

namespace {

constexpr std::size_t max_tags = 3'000;

json::object group_json(const TagGroup& group, const std::vector<std::string>* only) {
    json::array tags;
    for (const Tag& tag : group.tags) {
        if (only == nullptr || std::find(only->begin(), only->end(), tag.id) != only->end()) {
            tags.push_back(json::object{
                {"id", tag.id},
                {"name", tag.name},
                {"create_time", tag.created_ms / 1'000},
                {"order", tag.order}});
        }
    }
    return json::object{
        {"group_id", group.id},
        {"group_name", group.name},
        {"create_time", group.created_ms / 1'000},
        {"order", group.order},
        {"tag", std::move(tags)}};
}

json::object get_corp_tag_list(Call& call) {
    const auto groups = strings_of(json_array(call.body, "group_id"));
    const auto tags = strings_of(json_array(call.body, "tag_id"));
    json::array list;
    for (const auto& [id, group] : call.corp.tag_groups) {
        if (!groups.empty()) {
            if (std::find(groups.begin(), groups.end(), id) != groups.end()) {
                list.push_back(group_json(group, nullptr));
            }
        } else {
            json::object item = group_json(group, tags.empty() ? nullptr : &tags);
            if (tags.empty() || !item.at("tag").get_array().empty()) {
                list.push_back(std::move(item));
            }
        }
    }
    json::object out = ok();
    out["tag_group"] = std::move(list);
    return out;
}

TagGroup* group_for_add(Call& call) {
    const std::string id = json_string(call.body, "group_id");
    const std::string name = json_string(call.body, "group_name");
    for (auto& [group_id, group] : call.corp.tag_groups) {
        if ((!id.empty() && group_id == id) || (id.empty() && group.name == name)) {
            return &group;
        }
    }
    if (!id.empty() || name.empty()) {
        return nullptr;
    }
    TagGroup group{
        call.world.fresh("etgSANDBOX"), name, json_int(call.body, "order"), call.now, {}};
    const std::string fresh = group.id;
    return &(call.corp.tag_groups[fresh] = std::move(group));
}

json::object add_corp_tag(Call& call) {
    const json::array* tags = json_array(call.body, "tag");
    if (tags == nullptr || tags->empty()) {
        return refuse(40058, "tag is empty");
    }
    if (call.corp.tag_count() + tags->size() > max_tags) {
        return refuse(40126, "tag count exceeds 3000");
    }
    TagGroup* group = group_for_add(call);
    if (group == nullptr) {
        return refuse(40068, "invalid group_id");
    }
    std::vector<std::string> added;
    for (const json::value& item : *tags) {
        const std::string name = item.is_object() ? json_string(item.get_object(), "name") : "";
        if (name.empty() || utf8_length(name) > 30) {
            return refuse(40058, "tag name must have 1 to 30 characters");
        }
        const bool known = std::any_of(group->tags.begin(), group->tags.end(), [&](const Tag& t) {
            return t.name == name;
        });
        if (known) {
            return refuse(40071, "tag name exists");
        }
        group->tags.push_back(Tag{
            call.world.fresh("etSANDBOX"), name, json_int(item.get_object(), "order"), call.now});
        added.push_back(group->tags.back().id);
    }
    json::object out = ok();
    out["tag_group"] = group_json(*group, &added);
    return out;
}

json::object edit_corp_tag(Call& call) {
    const std::string id = json_string(call.body, "id");
    const std::string name = json_string(call.body, "name");
    if (const auto group = call.corp.tag_groups.find(id); group != call.corp.tag_groups.end()) {
        group->second.name = name.empty() ? group->second.name : name;
        group->second.order = json_int(call.body, "order", group->second.order);
        return ok();
    }
    TagGroup* owner = nullptr;
    Tag* tag = call.corp.tag(id, &owner);
    if (tag == nullptr) {
        return refuse(40068, "invalid tagid");
    }
    for (const Tag& other : owner->tags) {
        if (other.id != id && other.name == name) {
            return refuse(40071, "tag name exists");
        }
    }
    tag->name = name.empty() ? tag->name : name;
    tag->order = json_int(call.body, "order", tag->order);
    return ok();
}

json::object del_corp_tag(Call& call) {
    const auto tags = strings_of(json_array(call.body, "tag_id"));
    const auto groups = strings_of(json_array(call.body, "group_id"));
    if (tags.empty() && groups.empty()) {
        return refuse(40058, "tag_id and group_id are both empty");
    }
    std::vector<std::string> gone = tags;
    for (const std::string& id : groups) {
        if (const auto it = call.corp.tag_groups.find(id); it != call.corp.tag_groups.end()) {
            for (const Tag& tag : it->second.tags) {
                gone.push_back(tag.id);
            }
            call.corp.tag_groups.erase(it);
        }
    }
    for (auto it = call.corp.tag_groups.begin(); it != call.corp.tag_groups.end();) {
        auto& list = it->second.tags;
        std::erase_if(list, [&](const Tag& t) {
            return std::find(tags.begin(), tags.end(), t.id) != tags.end();
        });
        it = list.empty() ? call.corp.tag_groups.erase(it) : std::next(it);
    }
    for (auto& [pair, follow] : call.corp.follows) {
        for (const std::string& id : gone) {
            follow.tags.erase(id);
        }
    }
    return ok();
}

json::object mark_tag(Call& call) {
    const std::string external = json_string(call.body, "external_userid");
    Follow* follow = call.corp.follow(json_string(call.body, "userid"), external);
    if (follow == nullptr) {
        return refuse(call.corp.people.contains(external) ? 84061 : 40096, "not external contact");
    }
    const auto add = strings_of(json_array(call.body, "add_tag"));
    const auto remove = strings_of(json_array(call.body, "remove_tag"));
    if (add.empty() && remove.empty()) {
        return refuse(40058, "add_tag and remove_tag are both empty");
    }
    for (const std::string& id : add) {
        if (call.corp.tag(id) == nullptr) {
            return refuse(40068, "invalid tagid");
        }
    }
    follow->tags.insert(add.begin(), add.end());
    for (const std::string& id : remove) {
        follow->tags.erase(id);
    }
    return ok();
}

constexpr std::array table{
    Endpoint{"externalcontact/get_corp_tag_list", Method::post, "app contacts", get_corp_tag_list},
    Endpoint{"externalcontact/add_corp_tag", Method::post, "app contacts", add_corp_tag},
    Endpoint{"externalcontact/edit_corp_tag", Method::post, "app contacts", edit_corp_tag},
    Endpoint{"externalcontact/del_corp_tag", Method::post, "app contacts", del_corp_tag},
    Endpoint{"externalcontact/mark_tag", Method::post, "app contacts", mark_tag},
};

}  // namespace

std::span<const Endpoint> tag_endpoints() noexcept {
    return table;
}

}  // namespace leadbridge::sandbox
