#include "gateway/api/archive_json.h"

#include "crm/contacts/contact.h"
#include "crm/contacts/group_chat.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

json::object media_json(const archive::MediaView& media) {
    return json::object{
        {"id", media.id.str()},
        {"kind", media.kind},
        {"filename", media.filename},
        {"size", media.size},
        {"state", archive::to_string(media.state)},
        {"received", media.received},
        {"reason", media.reason}};
}

// The contact behind a single conversation, or of one who speaks, if the caller may see it.
std::optional<crm::Contact> contact_of(
    Snapshot& core, const ApiRequest& request, const std::string& external_userid
) {
    if (external_userid.empty()) {
        return std::nullopt;
    }
    const auto id = crm::find_contact_id(
        core, request.corp(), crm::IdentityKind::external_userid, external_userid
    );
    return crm::find_contact(core, request.viewer(), id);
}

}  // namespace

const std::string& Senders::name(const archive::MessageView& message) {
    const auto [at, fresh] = names_.try_emplace(message.sender);
    if (fresh && message.side == archive::Side::contact) {
        const auto contact = contact_of(core_, request_, message.sender);
        at->second = contact ? contact->name : "";
    }
    return at->second;
}

json::object message_json(const archive::MessageView& message, Senders& senders) {
    auto content = parse_json(message.content);
    json::array media;
    for (const archive::MediaView& item : message.media) {
        media.push_back(media_json(item));
    }
    return json::object{
        {"id", message.id.str()},
        {"conversation", message.conversation.str()},
        {"seq", std::to_string(message.seq)},
        {"msgid", message.msgid},
        {"at", time_json(message.at_ms)},
        {"type", message.type},
        {"action", message.action},
        {"sender", message.sender},
        {"sender_name", senders.name(message)},
        {"side", archive::to_string(message.side)},
        {"recalled", time_json(message.recalled_ms)},
        {"summary", message.summary},
        {"content", content ? std::move(*content) : json::value(nullptr)},
        {"media", std::move(media)}};
}

json::object conversation_json(
    Snapshot& core, const ApiRequest& request, const archive::ConversationView& conversation
) {
    const auto contact = contact_of(core, request, conversation.external_userid);
    const std::string& roomid = conversation.roomid;
    return json::object{
        {"id", conversation.id.str()},
        {"kind", archive::to_string(conversation.kind)},
        {"userid", conversation.userid},
        {"external_userid", conversation.external_userid},
        {"contact", contact ? json::value(contact->id.str()) : json::value(nullptr)},
        {"contact_name", contact ? contact->name : std::string()},
        {"roomid", roomid},
        {"room_name",
         roomid.empty() ? std::string() : crm::group_chat_name(core, request.viewer(), roomid)},
        {"first", time_json(conversation.first_ms)},
        {"last", time_json(conversation.last_ms)},
        {"messages", conversation.messages},
        {"last_summary", conversation.last_summary}};
}

}  // namespace leadbridge::gateway
