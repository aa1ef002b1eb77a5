#pragma once
// QR codes over libqrencode (ISO/IEC 18004, error correction M). Thread-safe.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leadbridge {

// Dark modules row by row, without the quiet zone. Error{invalid} for text that is empty or too
// long for one code.
struct QrCode {
    int side = 0;
    std::vector<bool> dark;  // side * side

    bool at(int row, int column) const {
        return dark
            [static_cast<std::size_t>(row) * static_cast<std::size_t>(side) +
             static_cast<std::size_t>(column)];
    }
};

Result<QrCode> make_qr_code(std::string_view text);
// Black on white with a quiet zone of four modules; scales without loss.
std::string qr_svg(const QrCode& code);
// The same as a PNG of about `pixels` a side, whole pixels per module.
std::string qr_png(const QrCode& code, int pixels);

}  // namespace leadbridge
