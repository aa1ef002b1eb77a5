#include "base/qr_code.h"

#include <qrencode.h>

#include <algorithm>
#include <memory>

namespace leadbridge {

namespace {

constexpr int quiet = 4;

struct FreeCode {
    void operator()(QRcode* code) const noexcept { QRcode_free(code); }
};

void put_u32(std::string& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        out += static_cast<char>(value >> shift & 0xFFU);
    }
}

// CRC-32 of PNG (RFC 2083, appendix 15), bit by bit: these pictures are small.
std::uint32_t crc_of(std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 1U) != 0 ? crc >> 1 ^ 0xEDB88320U : crc >> 1;
        }
    }
    return ~crc;
}

void put_chunk(std::string& out, std::string_view kind, std::string_view data) {
    put_u32(out, static_cast<std::uint32_t>(data.size()));
    const std::string body = std::string(kind) + std::string(data);
    out += body;
    put_u32(out, crc_of(body));
}

// A zlib stream of stored blocks (RFC 1950, 1951): nothing to gain by packing one bit a pixel.
std::string stored(std::string_view data) {
    constexpr std::size_t most = 65'535;
    constexpr std::uint32_t modulus = 65'521;
    std::string out = "\x78\x01";
    std::uint32_t a = 1;
    std::uint32_t b = 0;
    for (const char c : data) {
        a = (a + static_cast<unsigned char>(c)) % modulus;
        b = (b + a) % modulus;
    }
    for (std::size_t from = 0; from < data.size(); from += most) {
        const std::string_view block = data.substr(from, most);
        out += from + most >= data.size() ? '\1' : '\0';
        const auto n = static_cast<std::uint32_t>(block.size());
        for (const std::uint32_t half : {n, ~n}) {
            out += static_cast<char>(half & 0xFFU);
            out += static_cast<char>(half >> 8 & 0xFFU);
        }
        out += block;
    }
    put_u32(out, b << 16 | a);
    return out;
}

}  // namespace

Result<QrCode> make_qr_code(std::string_view text) {
    const std::unique_ptr<QRcode, FreeCode> made(QRcode_encodeData(
        static_cast<int>(text.size()),
        reinterpret_cast<const unsigned char*>(text.data()),
        0,
        QR_ECLEVEL_M
    ));
    if (!made) {
        return Error{ErrorCode::invalid, "the text is empty or too long for a QR code"};
    }
    QrCode out;
    out.side = made->width;
    for (int i = 0; i < out.side * out.side; ++i) {
        out.dark.push_back((made->data[i] & 1U) != 0);
    }
    return out;
}

std::string qr_svg(const QrCode& code) {
    const std::string side = std::to_string(code.side + 2 * quiet);
    std::string path;
    for (int row = 0; row < code.side; ++row) {
        for (int column = 0; column < code.side; ++column) {
            if (code.at(row, column)) {
                path += "M" + std::to_string(column + quiet) + " " + std::to_string(row + quiet) +
                        "h1v1h-1z";
            }
        }
    }
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + side + " " + side +
           "\" shape-rendering=\"crispEdges\"><rect width=\"100%\" height=\"100%\" "
           "fill=\"#fff\"/><path d=\"" +
           path + "\"/></svg>";
}

std::string qr_png(const QrCode& code, int pixels) {
    const int modules = code.side + 2 * quiet;
    const int scale = std::max(1, pixels / modules);
    const int side = modules * scale;
    std::string rows;
    for (int y = 0; y < side; ++y) {
        rows += '\0';  // no filter
        std::string row(static_cast<std::size_t>((side + 7) / 8), '\xFF');
        for (int x = 0; x < side; ++x) {
            const int r = y / scale - quiet;
            const int c = x / scale - quiet;
            if (r >= 0 && c >= 0 && r < code.side && c < code.side && code.at(r, c)) {
                char& byte = row[static_cast<std::size_t>(x / 8)];
                byte = static_cast<char>(byte & ~(0x80 >> x % 8));
            }
        }
        rows += row;
    }
    std::string head;
    put_u32(head, static_cast<std::uint32_t>(side));
    put_u32(head, static_cast<std::uint32_t>(side));
    head += std::string("\1\0\0\0\0", 5);  // one bit, greyscale
    std::string out = "\x89PNG\r\n\x1a\n";
    put_chunk(out, "IHDR", head);
    put_chunk(out, "IDAT", stored(rows));
    put_chunk(out, "IEND", "");
    return out;
}

}  // namespace leadbridge
