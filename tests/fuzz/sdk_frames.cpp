// What comes from the archive worker and, through it, from outside: frames, GetChatData's JSON, and
// the decrypted messages.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "archive/conversation.h"
#include "archive/message.h"
#include "connectors/wecom/archive_codec.h"
#include "connectors/wecom/archive_frames.h"

using namespace leadbridge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto frame = wecom::frames::parse(data, size);
    if (frame.ok) {
        for (std::size_t i = 0; i < frame.fields; ++i) {
            const auto& field = frame.field[i];
            if (field.data < data || field.data + field.size > data + size) {
                std::abort();  // a field beyond its frame
            }
        }
    }
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)wecom::parse_chat_page(text);
    if (const auto message = archive::parse_message(text)) {
        (void)archive::summary_of(*message);
        (void)archive::text_of(*message);
        (void)archive::media_of(*message);
        (void)archive::content_json(*message);
        (void)archive::conversation_of(*message);
    }
    return 0;
}
