// Clear texts of callbacks: whatever comes, no crash; kinds come from the fixed list; no credential
// reaches a touch.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "connectors/wecom/event_codec.h"
#include "connectors/wecom/event_table.h"

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

bool known_kind(std::string_view kind) {
    using namespace leadbridge::wecom;
    if (kind == "message" || kind == "aibot" || kind == "unknown_event") {
        return true;
    }
    for (const auto& entry : event_table()) {
        if (kind.substr(0, kind.find('.')) == entry.event) {
            return true;
        }
    }
    for (const auto name : foreign_events()) {
        if (kind == name) {
            return true;
        }
    }
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace leadbridge;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    require(wecom::without_credentials(text).find("<Token>S") == std::string::npos);
    const auto clear = wecom::read_clear_text(text);
    if (!clear) {
        return 0;
    }
    require(known_kind(wecom::event_kind(*clear)));
    require(clear->at >= 0);
    (void)wecom::event_object(*clear);
    (void)wecom::welcome_event(*clear);
    const auto decoded = wecom::decode_event(*clear, {CorpId{1}, "key", 7, 1'760'000'000'000});
    if (const auto* touches = std::get_if<std::vector<crm::Touch>>(&decoded)) {
        for (const auto& touch : *touches) {
            require(touch.at > 0 && !touch.key.empty());
            if (const auto* noted = std::get_if<crm::Noted>(&touch.body)) {
                require(noted->detail.find("chat_key") == std::string::npos);
            }
        }
    }
    return 0;
}
