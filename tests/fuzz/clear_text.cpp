// The clear text of a callback: read, named, decoded, shown to people.
#include <cstdlib>

#include "connectors/wecom/event_codec.h"

using namespace leadbridge;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    static_cast<void>(wecom::without_credentials(text));
    static_cast<void>(wecom::welcome_event(text));
    const auto clear = wecom::read_clear_text(text);
    if (!clear) {
        return 0;
    }
    if (wecom::event_kind(*clear).empty()) {
        std::abort();  // every text has a kind from the fixed list
    }
    static_cast<void>(wecom::event_object(*clear));
    static_cast<void>(wecom::decode_event(*clear, {CorpId{1}, "key", 1, 1'760'000'000'000}));
    return 0;
}
