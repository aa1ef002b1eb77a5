#include "connectors/wecom/contact_parse.h"

#include "base/json.h"

namespace leadbridge::wecom {

namespace {

// Nulls and wrong kinds are left out.
std::vector<std::string> strings(const json::array* array) {
    std::vector<std::string> out;
    if (array == nullptr) {
        return out;
    }
    for (const auto& item : *array) {
        if (item.is_string() && !item.as_string().empty()) {
            out.emplace_back(item.as_string().c_str(), item.as_string().size());
        }
    }
    return out;
}

int small(const json::object& object, std::string_view key) {
    return static_cast<int>(json_int(object, key));
}

crm::ContactFetched parse_person(const json::object& person) {
    crm::ContactFetched out;
    out.external_userid = json_string(person, "external_userid");
    out.name = json_string(person, "name");
    out.avatar = json_string(person, "avatar");
    out.type = small(person, "type");
    out.gender = small(person, "gender");
    out.unionid = json_string(person, "unionid");
    out.position = json_string(person, "position");
    out.corp_name = json_string(person, "corp_name");
    out.corp_full_name = json_string(person, "corp_full_name");
    return out;
}

crm::FollowFact parse_follow(const json::object& follow) {
    crm::FollowFact out;
    out.userid = json_string(follow, "userid");
    out.remark = json_string(follow, "remark");
    out.description = json_string(follow, "description");
    out.created_ms = json_int(follow, "createtime") * 1'000;
    out.remark_corp_name = json_string(follow, "remark_corp_name");
    out.remark_mobiles = strings(json_array(follow, "remark_mobiles"));
    out.add_way = small(follow, "add_way");
    out.state = json_string(follow, "state");
    out.oper_userid = json_string(follow, "oper_userid");
    out.tag_ids = strings(json_array(follow, "tag_id"));  // the batch form
    const auto* tags = json_array(follow, "tags");        // the form of get
    if (tags == nullptr) {
        return out;
    }
    for (const auto& item : *tags) {
        if (!item.is_object()) {
            continue;
        }
        const auto& tag = item.as_object();
        if (auto id = json_string(tag, "tag_id"); !id.empty()) {
            out.tag_ids.push_back(std::move(id));
        } else if (auto name = json_string(tag, "tag_name"); !name.empty()) {
            out.personal_tags.push_back(std::move(name));
        }
    }
    return out;
}

}  // namespace

crm::ContactFetched parse_contact(const json::object& reply) {
    crm::ContactFetched out;
    if (const auto* person = json_object(reply, "external_contact")) {
        out = parse_person(*person);
    }
    if (const auto* follows = json_array(reply, "follow_user")) {
        for (const auto& follow : *follows) {
            if (follow.is_object()) {
                out.follows.push_back(parse_follow(follow.as_object()));
            }
        }
    }
    return out;
}

ContactPage parse_contact_page(const json::object& reply) {
    ContactPage page;
    page.next_cursor = json_string(reply, "next_cursor");
    if (const auto* failed = json_object(reply, "fail_info")) {
        page.unlicensed = strings(json_array(*failed, "unlicensed_userid_list"));
    }
    const auto* list = json_array(reply, "external_contact_list");
    if (list == nullptr) {
        return page;
    }
    for (const auto& item : *list) {
        const auto* entry = item.if_object();
        const auto* person = entry == nullptr ? nullptr : json_object(*entry, "external_contact");
        const auto* follow = entry == nullptr ? nullptr : json_object(*entry, "follow_info");
        if (person == nullptr || follow == nullptr) {
            continue;
        }
        auto contact = parse_person(*person);
        if (contact.external_userid.empty()) {
            continue;
        }
        contact.follows.push_back(parse_follow(*follow));
        page.contacts.push_back(std::move(contact));
    }
    return page;
}

crm::GroupChatFact parse_group(const json::object& reply) {
    crm::GroupChatFact out;
    const auto* group = json_object(reply, "group_chat");
    if (group == nullptr) {
        return out;
    }
    out.chat.chat_id = json_string(*group, "chat_id");
    out.chat.name = json_string(*group, "name");
    out.chat.owner_userid = json_string(*group, "owner");
    out.chat.notice = json_string(*group, "notice");
    out.chat.member_version = json_string(*group, "member_version");
    out.chat.created_ms = json_int(*group, "create_time") * 1'000;
    const auto* members = json_array(*group, "member_list");
    if (members == nullptr) {
        return out;
    }
    for (const auto& item : *members) {
        if (!item.is_object()) {
            continue;
        }
        const auto& member = item.as_object();
        crm::GroupChatMember m;
        m.userid = json_string(member, "userid");
        m.external = json_int(member, "type") == 2;
        m.join_ms = json_int(member, "join_time") * 1'000;
        m.join_scene = small(member, "join_scene");
        m.state = json_string(member, "state");
        m.name = json_string(member, "name");
        if (!m.userid.empty()) {
            out.members.push_back(std::move(m));
        }
    }
    return out;
}

}  // namespace leadbridge::wecom
