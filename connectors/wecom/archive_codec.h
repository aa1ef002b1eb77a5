#pragma once
// Replies and return codes of the archive SDK in our words
// (developer.work.weixin.qq.com/document/path/91774, 91552).

#include <string>
#include <string_view>

#include "archive/source.h"
#include "base/result.h"

namespace leadbridge::wecom {

// GetChatData's JSON. A non-zero errcode, a reply that is not JSON, or a row without seq is an
// Error; a page is all or nothing. Rows come back sorted by seq.
Result<archive::PulledPage> parse_chat_page(std::string_view json);

// A return code of the library (10000 ..) or an errcode of the reply (301052 ..), never 0. what:
// the call.
Error sdk_error(int code, std::string_view what, std::string_view detail = {});
// The first field of a worker's reply: as above, and frames::WorkerCode below 0. detail: the
// worker's text.
Error worker_code_error(int code, std::string_view what, std::string_view detail);

}  // namespace leadbridge::wecom
