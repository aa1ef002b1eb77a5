#include "gateway/qr_pictures.h"

#include <gtest/gtest.h>

#include <future>

#include "base/clock.h"

namespace leadbridge::gateway {
namespace {

TEST(QrPictures, AreFetchedOnceAnHour) {
    ManualClock clock;
    int fetched = 0;
    QrPictures pictures(clock, [&](const std::string& url) -> Result<QrPicture> {
        ++fetched;
        return QrPicture{"image/png", url};
    });
    EXPECT_EQ((*pictures.get("a"))->bytes, "a");
    EXPECT_EQ((*pictures.get("a"))->bytes, "a");
    EXPECT_EQ((*pictures.get("b"))->bytes, "b");
    EXPECT_EQ(fetched, 2);
    clock.advance(3'600'001);
    EXPECT_TRUE(pictures.get("a"));
    EXPECT_EQ(fetched, 3);
}

TEST(QrPictures, WhatFailedIsNotKept) {
    ManualClock clock;
    bool up = false;
    QrPictures pictures(clock, [&](const std::string&) -> Result<QrPicture> {
        if (!up) {
            return Error{ErrorCode::permanent, "down"};
        }
        return QrPicture{"image/png", "x"};
    });
    EXPECT_FALSE(pictures.get("a"));
    up = true;
    EXPECT_TRUE(pictures.get("a"));
}

TEST(QrPictures, OneAtATimeAndNobodyWaitsForIt) {
    ManualClock clock;
    std::promise<void> begun;
    std::promise<void> go_on;
    QrPictures pictures(clock, [&](const std::string& url) -> Result<QrPicture> {
        begun.set_value();
        go_on.get_future().wait();
        return QrPicture{"image/png", url};
    });
    auto first = std::async(std::launch::async, [&] { return pictures.get("slow"); });
    begun.get_future().wait();
    const auto second = pictures.get("other");
    EXPECT_EQ(second.error().reason, "qr_busy");
    go_on.set_value();
    EXPECT_TRUE(first.get());
}

}  // namespace
}  // namespace leadbridge::gateway
