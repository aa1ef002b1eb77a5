#include "base/compression.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>

namespace leadbridge {

namespace {

constexpr int gzip_only = 16 + MAX_WBITS;
constexpr std::size_t first_guess = 4;  // text packs to about a quarter

struct End {
    void operator()(z_stream* stream) const noexcept { inflateEnd(stream); }
};

Error damaged() {
    return Error{ErrorCode::invalid, "the packed bytes are damaged or too large", "bad_gzip"};
}

}  // namespace

Result<std::string> gunzip(std::string_view packed, std::size_t max_bytes) {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    if (packed.size() > most || max_bytes >= most) {
        return damaged();
    }
    z_stream stream{};
    if (inflateInit2(&stream, gzip_only) != Z_OK) {
        throw std::bad_alloc();
    }
    const std::unique_ptr<z_stream, End> end(&stream);
    // zlib does not write to its input; its field lacks the const unless ZLIB_CONST is defined.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string out;
    std::size_t room = std::max<std::size_t>(packed.size() * first_guess, 1024);
    while (true) {
        // One byte above the limit shows that there is more.
        out.resize(std::min(room, max_bytes + 1));
        stream.next_out = reinterpret_cast<Bytef*>(out.data()) + stream.total_out;
        stream.avail_out = static_cast<uInt>(out.size() - stream.total_out);
        const int code = inflate(&stream, Z_NO_FLUSH);
        if (code == Z_STREAM_END) {
            break;
        }
        if (code != Z_OK || stream.avail_out > 0 || out.size() > max_bytes) {
            return damaged();
        }
        room = out.size() * 2;
    }
    if (stream.avail_in > 0 || stream.total_out > max_bytes) {
        return damaged();
    }
    out.resize(stream.total_out);
    return out;
}

}  // namespace leadbridge
