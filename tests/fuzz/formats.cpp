// The readers of base: XML, JSON, JSON pointers, times, UTF-8, base64.
#include <cstdlib>

#include "base/crypto.h"
#include "base/json.h"
#include "base/time_zone.h"
#include "base/utf8.h"
#include "base/xml.h"

using namespace leadbridge;

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    static_cast<void>(parse_xml(text));
    if (is_utf8(text) && size < 10'000) {
        require(parse_xml("<x>" + xml_escape(text) + "</x>").has_value());
    }
    require(is_utf8(repair_utf8(text)));
    if (const auto value = parse_json(text)) {
        static_cast<void>(json_pointer(*value, text));
        require(parse_json(to_text(*value)).has_value());
    }
    if (const auto time = parse_rfc3339(text)) {
        require(parse_rfc3339(rfc3339(*time)).has_value());
    }
    static_cast<void>(parse_local(text, "Europe/Berlin"));
    require(crypto::unbase64(crypto::base64(text)).value() == text);
    if (const auto bytes = crypto::unbase64(text)) {
        require(crypto::base64(*bytes) == text);
    }
    return 0;
}
