#include "archive/conversation.h"

#include <algorithm>

#include "archive/message_fields.h"
#include "base/crypto.h"

namespace leadbridge::archive {

namespace {

constexpr std::size_t longest_plain_key = 200;

std::string join(const std::vector<std::string>& ids) {
    std::string out;
    for (const std::string& id : ids) {
        out += out.empty() ? id : "|" + id;
    }
    return out;
}

// A key of bounded length, whoever takes part.
std::string people_key(std::string_view prefix, const std::vector<std::string>& ids) {
    const std::string joined = join(ids);
    const bool plain = joined.size() <= longest_plain_key;
    return std::string(prefix) + (plain ? joined : "#" + crypto::hex(crypto::sha256(joined)));
}

}  // namespace

std::string participant_key(std::string_view id) {
    return side_of(id) == Side::member ? lower(id) : std::string(id);
}

std::optional<ConversationRef> conversation_of(const Message& message) {
    ConversationRef ref;
    std::vector<std::string> ids = message.to;
    ids.push_back(message.from);
    std::vector<std::string> members;
    std::vector<std::string> outside;
    for (const std::string& id : ids) {
        if (id.empty()) {
            continue;
        }
        const Side side = side_of(id);
        ref.participants.push_back(participant_key(id));
        if (side == Side::member) {
            members.push_back(id);
        } else if (side == Side::contact) {
            outside.push_back(id);
        }
    }
    const auto unique = [](std::vector<std::string>& list) {
        std::ranges::sort(list);
        list.erase(std::unique(list.begin(), list.end()), list.end());
    };
    unique(ref.participants);
    unique(members);
    unique(outside);
    if (!message.roomid.empty()) {
        ref.kind = ConversationKind::group;
        ref.roomid = message.roomid;
        ref.key = people_key("g:", {message.roomid});
        return ref;
    }
    if (ref.participants.empty()) {
        return std::nullopt;
    }
    if (members.size() == 1 && outside.size() == 1) {
        ref.kind = ConversationKind::single;
        ref.userid = members.front();
        ref.external_userid = outside.front();
        ref.key = people_key("s:", {participant_key(ref.userid), ref.external_userid});
    } else {
        ref.kind = outside.empty() ? ConversationKind::internal : ConversationKind::other;
        ref.key = people_key(outside.empty() ? "i:" : "o:", ref.participants);
    }
    return ref;
}

}  // namespace leadbridge::archive
