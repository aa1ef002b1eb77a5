#pragma once
// The inverse of connectors/sandbox/archive_encoding.h, for the stand-in library only.

#include <string>

namespace fake_sdk {

// 0 with the clear text, 10006 when the key does not fit, 10008 when the message is not readable
// base64.
struct Opened {
    int code = 0;
    std::string text;
};

Opened open_message(const std::string& random_key, const std::string& message);
std::string base64(const std::string& bytes);

}  // namespace fake_sdk
