#pragma once
// The archive side of the sandbox: chats are written as encrypted envelopes and served to the
// stand-in SDK (fake_sdk/README.md states the HTTP contract).

#include <string>
#include <vector>

#include "base/http_types.h"
#include "connectors/sandbox/world.h"

namespace leadbridge::sandbox {

struct ChatLine {
    std::string from;
    std::vector<std::string> to;
    std::string roomid;
    std::string msgtype = "text";
    std::string body_json;  // the object under the body key; for text {"content":"..."}
    std::string body_key;   // "" = msgtype
    std::string action = "send";
    std::string msgid;  // "" = a fresh one
};

// Appends the message in the newest key version; returns its msgid.
std::string append_chat(
    World& world, Company& corp, const ChatLine& line, UnixMillis now, Rng& rng
);
// Stores bytes to be fetched as media; returns the sdkfileid.
std::string add_archive_media(World& world, Company& corp, std::string bytes);

Response answer_archive(World& world, const Request& request, UnixMillis now, Rng& rng);

}  // namespace leadbridge::sandbox
