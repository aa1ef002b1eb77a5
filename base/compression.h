#pragma once
// Unpacking of gzip (RFC 1952). Thread-safe.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace leadbridge {

// The one member of `packed`. Error{invalid} when it is damaged, cut short, followed by more, or
// larger than max_bytes unpacked.
Result<std::string> gunzip(std::string_view packed, std::size_t max_bytes);

}  // namespace leadbridge
