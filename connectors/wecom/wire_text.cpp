#include "connectors/wecom/wire_text.h"

namespace leadbridge::wecom {

namespace {

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

std::string utf8_prefix(std::string_view text, std::size_t max_characters) {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!continues(text[i]) && ++characters > max_characters) {
            return std::string(text.substr(0, i));
        }
    }
    return std::string(text);
}

std::string utf8_prefix_bytes(std::string_view text, std::size_t max_bytes) {
    if (text.size() <= max_bytes) {
        return std::string(text);
    }
    std::size_t end = max_bytes;
    while (end > 0 && continues(text[end])) {
        --end;
    }
    return std::string(text.substr(0, end));
}

}  // namespace leadbridge::wecom
