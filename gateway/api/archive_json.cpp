#include "gateway/api/archive_json.h"

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

}  // namespace

json::object message_json(const archive::MessageView& message) {
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
        {"side", archive::to_string(message.side)},
        {"recalled", time_json(message.recalled_ms)},
        {"summary", message.summary},
        {"content", content ? std::move(*content) : json::value(nullptr)},
        {"media", std::move(media)}};
}

json::object conversation_json(
    const archive::ConversationView& conversation, const std::optional<crm::Contact>& contact
) {
    return json::object{
        {"id", conversation.id.str()},
        {"kind", archive::to_string(conversation.kind)},
        {"userid", conversation.userid},
        {"external_userid", conversation.external_userid},
        {"contact", contact ? json::value(contact->id.str()) : json::value(nullptr)},
        {"contact_name", contact ? contact->name : std::string()},
        {"roomid", conversation.roomid},
        {"first", time_json(conversation.first_ms)},
        {"last", time_json(conversation.last_ms)},
        {"messages", conversation.messages},
        {"last_summary", conversation.last_summary}};
}

std::optional<crm::Contact> contact_of(
    Snapshot& s, const ApiRequest& request, const archive::ConversationView& conversation
) {
    if (conversation.external_userid.empty()) {
        return std::nullopt;
    }
    const auto id = crm::find_contact_id(
        s, request.corp(), crm::IdentityKind::external_userid, conversation.external_userid
    );
    return crm::find_contact(s, request.viewer(), id);
}

}  // namespace leadbridge::gateway
