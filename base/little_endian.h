#pragma once
// Lengths in our file formats.

#include <cstddef>
#include <string>
#include <string_view>

namespace leadbridge {

// 4 bytes, the least significant first.
inline std::string u32(std::size_t value) {
    std::string out(4, '\0');
    for (char& c : out) {
        c = static_cast<char>(value & 255U);
        value >>= 8U;
    }
    return out;
}

inline std::size_t u32(std::string_view bytes) noexcept {
    std::size_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        value = value << 8U | static_cast<unsigned char>(bytes[i]);
    }
    return value;
}

}  // namespace leadbridge
