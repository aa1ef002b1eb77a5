#pragma once
// Parts that several endpoints share. .cpp files only.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "connectors/sandbox/api.h"

namespace leadbridge::sandbox {

// Cursors of the sandbox are opaque to its callers, like WeCom's.
std::size_t page_start(std::string_view cursor);
std::string page_cursor(std::size_t position);
std::vector<std::string> strings_of(const json::array* array);
std::size_t utf8_length(std::string_view text);

// text and attachments of a welcome or mass message: not both empty, text <= 4000 bytes, <= 9
// attachments, media ids alive.
std::optional<json::object> check_content(Call& call);

}  // namespace leadbridge::sandbox
