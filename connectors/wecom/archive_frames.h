#pragma once
// What the daemon and leadbridge-archive-worker say to each other over the worker's stdin and
// stdout. Needs libc only: the worker must not bring a symbol that could meet the vendor library's.
//
//   frame   := u32 size | u32 id | u8 type | u8 fields | u16 zero | field{fields}      size counts
//   what follows it field   := u32 length | bytes numbers are little-endian; a number as a field is
//   8 bytes
//
// The daemon sends one request at a time; the worker answers each, with the same id and type |
// reply_bit. The first field of a reply is the return code (0 = done, > 0 the vendor's, < 0 a
// WorkerCode); where it is not 0 the second is a text for people.
//
//   request                                             fields of a good reply after the code
//   hello   corpid, secret                              protocol version
//   pull    seq, limit, proxy, passwd, timeout_s        reply of GetChatData
//   decrypt random key, message                         clear text
//   media   index, fileid, proxy, passwd, timeout_s     next index, is_finish, bytes
//   quit                                                none; the worker ends

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace leadbridge::wecom::frames {

inline constexpr std::uint32_t protocol_version = 1;
inline constexpr std::size_t size_bytes = 4;
inline constexpr std::size_t header_bytes = 8;  // after the size
inline constexpr std::size_t max_fields = 6;
inline constexpr std::size_t max_request = 16U << 20;  // what follows the size
inline constexpr std::size_t max_reply = 64U << 20;
inline constexpr std::uint8_t reply_bit = 0x80;

enum Type : std::uint8_t { hello = 1, pull = 2, decrypt = 3, media = 4, quit = 5 };

enum WorkerCode : std::int32_t {
    done = 0,
    sdk_not_loaded = -1,   // dlopen refused the file; the text is dlerror's
    symbols_missing = -2,  // the text names them
    init_failed = -3,      // NewSdk or Init failed; the text has Init's return code
    bad_request = -4,      // a frame the worker cannot read
    reply_too_large = -5,  // ask for less
    not_ready = -6,        // hello did not succeed
    out_of_memory = -7,
};

struct Field {
    const unsigned char* data = nullptr;
    std::size_t size = 0;
};

struct Frame {  // views into the bytes it was parsed from
    bool ok = false;
    std::uint32_t id = 0;
    std::uint8_t type = 0;
    std::size_t fields = 0;
    Field field[max_fields];
};

inline void put_u32(unsigned char* out, std::uint32_t v) noexcept {
    for (int i = 0; i < 4; ++i) {
        out[i] = static_cast<unsigned char>(v >> (8 * i));
    }
}

inline std::uint32_t get_u32(const unsigned char* in) noexcept {
    std::uint32_t v = 0;
    for (int i = 3; i >= 0; --i) {
        v = (v << 8) | in[i];
    }
    return v;
}

inline void put_u64(unsigned char* out, std::uint64_t v) noexcept {
    put_u32(out, static_cast<std::uint32_t>(v));
    put_u32(out + 4, static_cast<std::uint32_t>(v >> 32));
}

inline std::uint64_t get_u64(const unsigned char* in) noexcept {
    return (static_cast<std::uint64_t>(get_u32(in + 4)) << 32) | get_u32(in);
}

// A number field; `other` when the field has not exactly 8 bytes.
inline std::uint64_t number(const Field& field, std::uint64_t other = 0) noexcept {
    return field.size == 8 ? get_u64(field.data) : other;
}

// body: what follows the size. ok only when every length fits and nothing is left over.
inline Frame parse(const unsigned char* body, std::size_t size) noexcept {
    Frame frame;
    if (size < header_bytes || body[5] > max_fields || body[6] != 0 || body[7] != 0) {
        return frame;
    }
    frame.id = get_u32(body);
    frame.type = body[4];
    std::size_t at = header_bytes;
    for (std::size_t i = 0; i < body[5]; ++i) {
        if (size - at < 4) {
            return frame;
        }
        const std::size_t length = get_u32(body + at);
        at += 4;
        if (size - at < length) {
            return frame;
        }
        frame.field[i] = {body + at, length};
        at += length;
    }
    frame.fields = body[5];
    frame.ok = at == size;
    return frame;
}

// Bytes of a whole frame, its size included.
inline std::size_t frame_bytes(const Field* fields, std::size_t count) noexcept {
    std::size_t n = size_bytes + header_bytes;
    for (std::size_t i = 0; i < count; ++i) {
        n += 4 + fields[i].size;
    }
    return n;
}

// Writes a whole frame into `out`, which has frame_bytes(...) bytes.
inline void write(
    unsigned char* out, std::uint32_t id, std::uint8_t type, const Field* fields, std::size_t count
) noexcept {
    put_u32(out, static_cast<std::uint32_t>(frame_bytes(fields, count) - size_bytes));
    put_u32(out + 4, id);
    out[8] = type;
    out[9] = static_cast<unsigned char>(count);
    out[10] = 0;
    out[11] = 0;
    unsigned char* at = out + size_bytes + header_bytes;
    for (std::size_t i = 0; i < count; ++i) {
        put_u32(at, static_cast<std::uint32_t>(fields[i].size));
        if (fields[i].size != 0) {
            std::memcpy(at + 4, fields[i].data, fields[i].size);
        }
        at += 4 + fields[i].size;
    }
}

}  // namespace leadbridge::wecom::frames
