#include "base/qr_code.h"

#include <gtest/gtest.h>

namespace leadbridge {
namespace {

TEST(QrCodes, HaveTheFinderPatternsAndGrowWithTheText) {
    const auto code = make_qr_code("https://example.com/qr");
    ASSERT_TRUE(code.has_value());
    EXPECT_GE(code->side, 21);
    EXPECT_EQ(code->side % 4, 1);
    for (const auto& [row, column] : {std::pair(0, 0), {0, code->side - 7}, {code->side - 7, 0}}) {
        for (int i = 0; i < 7; ++i) {
            EXPECT_TRUE(code->at(row, column + i));
            EXPECT_TRUE(code->at(row + 6, column + i));
        }
        EXPECT_FALSE(code->at(row + 1, column + 1));
        EXPECT_TRUE(code->at(row + 3, column + 3));
    }
    EXPECT_GT(make_qr_code(std::string(300, 'x'))->side, code->side);
    EXPECT_FALSE(make_qr_code("").has_value());
    EXPECT_FALSE(make_qr_code(std::string(5'000, 'x')).has_value());
}

TEST(QrCodes, SvgHasTheQuietZone) {
    const auto code = make_qr_code("a");
    const std::string svg = qr_svg(*code);
    const std::string side = std::to_string(code->side + 8);
    EXPECT_NE(svg.find("viewBox=\"0 0 " + side + " " + side + "\""), std::string::npos);
    EXPECT_NE(svg.find("M4 4h1v1h-1z"), std::string::npos);
    EXPECT_EQ(svg.find("M3 "), std::string::npos);
}

TEST(QrCodes, PngIsWhole) {
    const std::string png = qr_png(*make_qr_code("a"), 290);
    EXPECT_TRUE(png.starts_with("\x89PNG\r\n\x1a\n"));
    EXPECT_EQ(png.substr(12, 4), "IHDR");
    EXPECT_EQ(static_cast<unsigned char>(png[18]) * 256 + static_cast<unsigned char>(png[19]), 290);
    EXPECT_EQ(png.substr(png.size() - 8, 4), "IEND");
    EXPECT_EQ(png.substr(png.size() - 4), "\xAE\x42\x60\x82");  // the CRC every PNG ends with
}

}  // namespace
}  // namespace leadbridge
