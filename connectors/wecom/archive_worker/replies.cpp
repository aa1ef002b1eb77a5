#include "connectors/wecom/archive_worker/replies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace leadbridge::wecom::worker {

using frames::Field;
using frames::Frame;

namespace {

bool write_all(int fd, const unsigned char* at, size_t size) {
    while (size > 0) {
        const ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        size -= static_cast<size_t>(n);
    }
    return true;
}

bool send_frame(int out, const Frame& request, const Field* fields, size_t count) {
    const size_t size = frames::frame_bytes(fields, count);
    unsigned char* bytes = static_cast<unsigned char*>(malloc(size));
    if (bytes == nullptr) {
        return false;
    }
    const auto type = static_cast<unsigned char>(request.type | frames::reply_bit);
    frames::write(bytes, request.id, type, fields, count);
    const bool sent = write_all(out, bytes, size);
    free(bytes);
    return sent;
}

Field text_field(const char* text) {
    return {reinterpret_cast<const unsigned char*>(text), strlen(text)};
}

}  // namespace

bool read_all(void* data, size_t size) {
    char* at = static_cast<char*>(data);
    while (size > 0) {
        const ssize_t n = read(STDIN_FILENO, at, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        size -= static_cast<size_t>(n);
    }
    return true;
}

bool reply_error(int out, const Frame& request, int code, const char* text) {
    unsigned char number[8];
    frames::put_u64(number, static_cast<unsigned long long>(static_cast<long long>(code)));
    const Field fields[] = {{number, 8}, text_field(text)};
    return send_frame(out, request, fields, 2);
}

bool reply(int out, const Frame& request, const Field* rest, size_t count) {
    unsigned char number[8] = {};
    Field fields[frames::max_fields] = {{number, 8}};
    for (size_t i = 0; i < count; ++i) {
        fields[i + 1] = rest[i];
    }
    if (frames::frame_bytes(fields, count + 1) > frames::max_reply) {
        return reply_error(out, request, frames::reply_too_large, "reply too large");
    }
    return send_frame(out, request, fields, count + 1);
}

}  // namespace leadbridge::wecom::worker
