// What comes out of the archive worker: frames, pages of envelopes, messages.
#include <cstdlib>

#include "archive/message.h"
#include "connectors/wecom/archive_codec.h"
#include "connectors/wecom/archive_frames.h"

using namespace leadbridge;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto frame = wecom::frames::parse(data, size);
    for (std::size_t i = 0; frame.ok && i < frame.fields; ++i) {
        const auto& field = frame.field[i];
        if (field.data < data || field.data + field.size > data + size) {
            std::abort();
        }
        static_cast<void>(wecom::frames::number(field));
    }
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    static_cast<void>(wecom::parse_chat_page(text));
    if (const auto message = archive::parse_message(text)) {
        static_cast<void>(archive::media_of(*message));
        static_cast<void>(archive::text_of(*message));
        static_cast<void>(archive::summary_of(*message));
        static_cast<void>(archive::content_json(*message));
    }
    return 0;
}
