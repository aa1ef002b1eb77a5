#include "gateway/api/contact_card.h"

#include "crm/contacts/chat_summary.h"
#include "crm/nurture/opt_out.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"

namespace leadbridge::gateway {

namespace {

json::object chat_json(const crm::ChatSummary& chat) {
    return json::object{
        {"member", chat.member.str()},
        {"conversation", chat.conversation},
        {"from_contact", chat.from_contact},
        {"from_member", chat.from_member},
        {"first", time_json(chat.first_ms)},
        {"last", time_json(chat.last_ms)},
        {"last_from_contact", chat.last_from_contact}};
}

}  // namespace

Result<Response> contact_card(Snapshot& s, const crm::Viewer& viewer, crm::ContactId id) {
    const auto contact = crm::find_contact(s, viewer, id);
    if (!contact) {
        return not_found("contact");
    }
    json::object out = contact_json(*contact);
    json::array identities;
    for (const crm::ContactIdentity& identity : crm::identities_of(s, viewer, contact->id)) {
        identities.push_back(json::object{
            {"kind", to_string(identity.kind)},
            {"value", identity.value},
            {"added", time_json(identity.added_ms)}});
    }
    json::array follows;
    for (const crm::Follow& follow : crm::follows_of(s, viewer, contact->id)) {
        follows.push_back(follow_json(follow));
    }
    json::array tags;
    for (const crm::Tag& tag : crm::tags_of(s, viewer, contact->id)) {
        tags.push_back(tag_json(tag));
    }
    json::array chats;
    for (const crm::ChatSummary& chat : crm::chats_of(s, viewer, contact->id)) {
        chats.push_back(chat_json(chat));
    }
    out["opted_out"] = crm::opt_out_of(s, viewer.corp, contact->id) != crm::OptOut::none;
    out["identities"] = std::move(identities);
    out["follows"] = std::move(follows);
    out["tags"] = std::move(tags);
    out["chats"] = std::move(chats);
    return object_response(out, contact->version);
}

}  // namespace leadbridge::gateway
