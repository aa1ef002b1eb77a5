// GET side/contact: one contact's card for the member who is chatting with it

#include "crm/contacts/chat_summary.h"
#include "crm/contacts/timeline.h"
#include "crm/leads/channel.h"
#include "crm/leads/lead.h"
#include "crm/nurture/opt_out.h"
#include "gateway/api/handlers.h"
#include "gateway/api/side.h"
#include "gateway/api/views.h"
#include "gateway/problem.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t longest_id = 64;
constexpr int most_leads = 3;
constexpr int most_notes = 3;
constexpr int most_events = 8;

std::string channel_name(Snapshot& s, const crm::Viewer& viewer, crm::ChannelId id) {
    const auto channel = id ? crm::ChannelStore::find(s, viewer, id) : std::nullopt;
    return channel ? channel->name : std::string();
}

json::array leads_json(
    const ApiServices& services, Snapshot& s, const crm::Viewer& viewer, crm::ContactId contact
) {
    crm::LeadFilter filter;
    filter.contact = contact;
    json::array out;
    for (const crm::Lead& lead : crm::list_leads(s, viewer, filter, {0, most_leads}).items) {
        const auto form = lead.first_source.source_id == 0
                              ? nullptr
                              : services.source_directory.find(lead.first_source.source_id);
        out.push_back(json::object{
            {"lead", lead_json(lead)},
            {"owner_name", member_name(s, viewer.corp, lead.owner)},
            {"source_name",
             form == nullptr ? channel_name(s, viewer, lead.first_source.channel) : form->name}});
    }
    return out;
}

json::value chat_json(Snapshot& s, const crm::Viewer& viewer, crm::ContactId contact) {
    for (const crm::ChatSummary& chat : crm::chats_of(s, viewer, contact)) {
        if (chat.member == viewer.member) {
            return json::object{
                {"from_contact", chat.from_contact},
                {"from_member", chat.from_member},
                {"last", time_json(chat.last_ms)},
                {"last_from_contact", chat.last_from_contact}};
        }
    }
    return nullptr;
}

// The other members who follow the contact now.
json::array colleagues_json(Snapshot& s, const crm::Viewer& viewer, crm::ContactId contact) {
    json::array out;
    for (const crm::Follow& follow : crm::follows_of(s, viewer, contact)) {
        if (follow.live && follow.member != viewer.member) {
            out.push_back(json::object{
                {"member", follow.member.str()},
                {"name", member_name(s, viewer.corp, follow.member)},
                {"added", time_json(follow.added_ms)}});
        }
    }
    return out;
}

json::array identities_json(Snapshot& s, const crm::Viewer& viewer, crm::ContactId contact) {
    json::array out;
    for (const crm::ContactIdentity& identity : crm::identities_of(s, viewer, contact)) {
        if (identity.kind == crm::IdentityKind::phone ||
            identity.kind == crm::IdentityKind::email) {
            out.push_back(json::object{
                {"kind", to_string(identity.kind)}, {"value", identity.value}});
        }
    }
    return out;
}

json::array notes_json(Snapshot& s, const crm::Viewer& viewer, crm::ContactId contact) {
    json::array out;
    for (const crm::Note& note : crm::notes_of(s, viewer, contact, most_notes)) {
        out.push_back(json::object{
            {"id", std::to_string(note.id)},
            {"at", time_json(note.at)},
            {"actor", note.actor},
            {"text", note.text}});
    }
    return out;
}

json::array events_json(Snapshot& s, const crm::Viewer& viewer, crm::ContactId contact) {
    json::array out;
    const auto page = crm::timeline_of(s, viewer, contact, std::nullopt, most_events);
    for (const crm::TimelineEvent& event : page.items) {
        if (event.kind != "note") {  // they stand in their own list
            out.push_back(json::object{
                {"id", std::to_string(event.id)}, {"at", time_json(event.at)}, {"kind", event.kind}}
            );
        }
    }
    return out;
}

json::object card_json(
    const ApiServices& services,
    Snapshot& s,
    const ApiRequest& request,
    const crm::Contact& contact,
    const crm::Follow& follow
) {
    const crm::Viewer& viewer = request.viewer();
    json::array tags;
    for (const crm::Tag& tag : crm::tags_of(s, viewer, contact.id)) {
        tags.push_back(json::object{
            {"id", tag.id.str()},
            {"group", tag.group_name},
            {"name", tag.name},
            {"kind", tag.kind == crm::TagKind::wecom ? "wecom" : "internal"}});
    }
    return json::object{
        {"contact", contact_json(contact)},
        {"owner_name", member_name(s, viewer.corp, contact.owner)},
        {"opted_out", crm::opt_out_of(s, viewer.corp, contact.id) != crm::OptOut::none},
        {"identities", identities_json(s, viewer, contact.id)},
        {"follow", follow_json(follow)},
        {"channel_name", channel_name(s, viewer, follow.channel)},
        {"colleagues", colleagues_json(s, viewer, contact.id)},
        {"tags", std::move(tags)},
        {"leads", leads_json(services, s, viewer, contact.id)},
        {"chat", chat_json(s, viewer, contact.id)},
        {"notes", notes_json(s, viewer, contact.id)},
        {"events", events_json(s, viewer, contact.id)},
        {"may_note", request.caller().may(crm::Permission::contacts_write)}};
}

// 403 with the name of whom to ask.
Response not_following(
    Snapshot& s, const ApiRequest& request, crm::ContactId id, std::string_view request_id
) {
    const crm::Viewer all = crm::Viewer::daemon(request.corp());
    std::string owner;
    if (const auto contact = crm::find_contact(s, all, id)) {
        owner = member_name(s, request.corp(), contact->owner);
    }
    Response response = problem(
        Error{
            ErrorCode::forbidden,
            "you do not follow this contact; " +
                (owner.empty() ? std::string("a manager can hand it to you")
                               : owner + " does: ask them to hand it over, or add the contact"),
            "not_following"},
        request_id
    );
    if (auto body = parse_json(response.body); body && body->is_object()) {
        body->get_object()["owner"] = owner;
        response.body = to_text(*body);
    }
    return response;
}

}  // namespace

Error not_a_member() {
    return Error{
        ErrorCode::forbidden,
        "you are not signed in as a member of this corp; open the page in WeCom, or have an admin "
        "connect your user with your member",
        "member_missing"};
}

Result<std::string> side_object(const ApiRequest& request, const std::string& name) {
    std::string value(request.query(name));
    if (value.empty() || value.size() > longest_id) {
        return Error{ErrorCode::invalid, name + " must be 1 to 64 bytes", "bad_" + name};
    }
    return value;
}

SideContact seek_contact(
    Snapshot& s, const crm::Viewer& viewer, const std::string& external_userid
) {
    SideContact out;
    out.contact =
        crm::find_contact_id(s, viewer.corp, crm::IdentityKind::external_userid, external_userid);
    auto follow = crm::find_follow(s, viewer.corp, viewer.member, external_userid);
    if (follow && follow->live) {
        out.follow = std::move(follow);
    }
    return out;
}

std::string member_name(Snapshot& s, CorpId corp, crm::MemberId id) {
    const auto member = id ? crm::MemberStore::find(s, corp, id) : std::nullopt;
    if (!member) {
        return {};
    }
    return member->name.empty() ? member->userid : member->name;
}

Result<Response> get_side_contact(const ApiServices& services, const ApiRequest& request) {
    auto external = side_object(request, "external_userid");
    if (!external) {
        return std::move(external).error();
    }
    if (!request.viewer().member) {
        return not_a_member();
    }
    bool fetch = false;
    auto answer = services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        const SideContact sought = seek_contact(s, request.viewer(), *external);
        fetch = !sought.follow;
        if (!sought.contact) {
            return not_found("contact");
        }
        const auto contact = crm::find_contact(s, request.viewer(), sought.contact);
        if (!contact || !sought.follow) {
            return not_following(s, request, sought.contact, request.http().request_id);
        }
        return object_response(
            card_json(services, s, request, *contact, *sought.follow), contact->version
        );
    });
    if (fetch) {
        const crm::RefetchContact job{*external, true};
        if (Status put = fetch_soon(services, request, *external, job); !put) {
            return std::move(put).error();
        }
    }
    return answer;
}

}  // namespace leadbridge::gateway
