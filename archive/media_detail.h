#pragma once
// The sealed parts of rows: what binds each seal to its row, and what is sealed of a file.

#include <cstdint>
#include <string>
#include <string_view>

#include "archive/message.h"
#include "base/result.h"

namespace leadbridge::archive {

// Additional data of the seals.
std::string summary_place(std::int64_t message_id);
std::string body_place(std::int64_t message_id);
std::string media_place(std::int64_t media_id);

// fileid, filename, extension and playing time as JSON; kind, md5 and size stand in columns and are
// not read back.
std::string encode_media_detail(const MediaRef& ref);
Result<MediaRef> decode_media_detail(std::string_view text);

}  // namespace leadbridge::archive
