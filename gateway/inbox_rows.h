#pragma once
// What inbox, processor and people's views share about the table: keys, names, schema. Pure
// functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/database.h"
#include "gateway/inbox.h"

namespace leadbridge::gateway {

// Binds a sealed body to its row.
std::string inbox_aad(std::int64_t id);

// The stored key of a delivery whose source gives neither id nor time: 8 zero bytes, 8 bytes of the
// hash, the row's id. Equal deliveries are neighbours; each is stored.
std::string window_key(std::string_view key, std::int64_t id);
// The first and last key that equal deliveries of `stored_key` can have.
std::pair<std::string, std::string> window_range(std::string_view stored_key);

// The smallest id that can be made at or after ms.
std::int64_t first_id_at(UnixMillis ms) noexcept;

std::optional<std::string> welcome_code_of(std::string_view body);

}  // namespace leadbridge::gateway
