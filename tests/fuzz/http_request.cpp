// Requests as bytes: the reader must not crash, must hold its limits, and must understand the same
// whether the bytes come at once or one by one.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/http_server_reader.h"

namespace {

using namespace leadbridge;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

// What was understood, as one text.
std::string read_all(std::string_view bytes, std::size_t step) {
    HttpReadLimits limits;
    limits.max_header_bytes = 4'096;
    limits.max_body_bytes = 4'096;
    HttpRequestReader reader(limits);
    std::string story;
    ReadStep state = reader.begin();
    for (;;) {
        if (state == ReadStep::refused) {
            require(reader.refusal() >= 400 && reader.refusal() < 600);
            return story + "refused";
        }
        if (state == ReadStep::ready) {
            const Request& r = reader.request();
            require(r.body.size() <= limits.max_body_bytes);
            require(r.headers.count("host") <= 1 && r.headers.count("content-length") <= 1);
            require(!(r.headers.has("content-length") && r.headers.has("transfer-encoding")));
            story += std::string(to_string(r.method)) + " " + r.path + "?" + r.raw_query + "\n";
            for (const auto& [name, value] : r.headers.all()) {
                story += name + ":" + value + "\n";
            }
            story += r.body + (reader.keep_alive() ? "\nkeep\n" : "\nclose\n");
            state = reader.begin();
            continue;
        }
        if (bytes.empty()) {
            return story;
        }
        const auto space = reader.space();
        const std::size_t n = std::min({space.size(), bytes.size(), step});
        std::memcpy(space.data(), bytes.data(), n);
        bytes.remove_prefix(n);
        state = reader.received(n);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(
        reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 20'000)
    );
    const std::string whole = read_all(bytes, bytes.size() + 1);
    require(read_all(bytes, 1) == whole);
    require(read_all(bytes, 7) == whole);
    return 0;
}
