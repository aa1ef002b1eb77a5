#pragma once
// The inbox key of a delivery (docs/storage.md, dedupe): time in front makes inserts append, the
// hash makes it unique.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/crypto.h"

namespace leadbridge {

// 24 bytes: the event's own time in ms, big endian, + first 16 bytes of SHA-256(source | what). The
// time must come from the delivery itself, which a retry repeats; 0 when it has none. what: the
// delivery's id, else its clear text.
inline std::string dedupe_key(UnixMillis event_ms, std::string_view source, std::string_view what) {
    std::string key;
    for (int shift = 56; shift >= 0; shift -= 8) {
        key += static_cast<char>(static_cast<unsigned char>(event_ms >> shift & 0xff));
    }
    crypto::Digest digest("sha256");
    digest.update(source);
    digest.update("|");
    digest.update(what);
    key += digest.finish().substr(0, 16);
    return key;
}

}  // namespace leadbridge
