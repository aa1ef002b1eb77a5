// GET side/group: a customer group for a member who is in it

#include "crm/contacts/group_chat.h"
#include "gateway/api/handlers.h"
#include "gateway/api/side.h"

namespace leadbridge::gateway {

namespace {

json::object group_json(Snapshot& s, const crm::Viewer& viewer, const crm::OwnGroupChat& group) {
    json::array contacts;
    for (const crm::GroupChatMember& one : group.members) {
        if (!one.external) {
            continue;
        }
        const SideContact sought = seek_contact(s, viewer, one.userid);
        const auto contact =
            sought.follow ? crm::find_contact(s, viewer, sought.contact) : std::nullopt;
        contacts.push_back(json::object{
            {"external_userid", one.userid},
            {"name", one.name},
            {"followed", contact.has_value()},
            {"remark", contact ? sought.follow->remark : std::string()},
            {"stage", contact ? contact->stage : std::string()},
            {"joined", time_json(one.join_ms)}});
    }
    const std::size_t colleagues = group.members.size() - contacts.size();
    const auto owner = crm::MemberStore::find_userid(s, viewer.corp, group.chat.owner_userid);
    return json::object{
        {"name", group.chat.name},
        {"owner_name", member_name(s, viewer.corp, owner)},
        {"created", time_json(group.chat.created_ms)},
        {"colleagues", colleagues},
        {"contacts", std::move(contacts)}};
}

}  // namespace

Result<Response> get_side_group(const ApiServices& services, const ApiRequest& request) {
    auto chat_id = side_object(request, "chat_id");
    if (!chat_id) {
        return std::move(chat_id).error();
    }
    const crm::Viewer& viewer = request.viewer();
    if (!viewer.member) {
        return not_a_member();
    }
    bool fetch = false;
    auto answer = services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        const auto group = crm::find_own_group_chat(s, viewer, *chat_id);
        fetch = !group || group->chat.fetched_ms == 0;
        if (group) {
            return Response::json(200, to_text(group_json(s, viewer, *group)));
        }
        if (!crm::knows_group_chat(s, viewer.corp, *chat_id)) {
            return not_found("group");
        }
        return Error{
            ErrorCode::forbidden,
            "you are not in this group; ask its owner to invite you",
            "not_in_group"};
    });
    if (fetch) {
        const crm::RefetchGroup job{*chat_id};
        if (Status put = fetch_soon(services, request, *chat_id, job); !put) {
            return std::move(put).error();
        }
    }
    return answer;
}

}  // namespace leadbridge::gateway
