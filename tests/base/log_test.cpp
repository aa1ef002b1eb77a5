#include "base/log.h"

#include <gtest/gtest.h>

#include <functional>
#include <sstream>
#include <thread>
#include <vector>

#include "base/json.h"

namespace leadbridge {
namespace {

class Log : public testing::Test {
protected:
    ~Log() override { log::configure(log::Level::warn, log::Format::text); }

    static std::string captured(const std::function<void()>& work) {
        testing::internal::CaptureStderr();
        work();
        return testing::internal::GetCapturedStderr();
    }
};

TEST_F(Log, WritesOneJsonObjectPerLine) {
    log::configure(log::Level::info, log::Format::json);
    const std::string out = captured([] {
        log::info(
            "base",
            "a sentence",
            {{"text", "line\nfeed \"q\""}, {"n", 7}, {"ok", true}, {"x", 0.5}, {"corp", CorpId{12}}}
        );
    });
    ASSERT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
    const auto parsed = parse_json(out);
    ASSERT_TRUE(parsed);
    const json::object& line = parsed->as_object();
    EXPECT_EQ(json_string(line, "level"), "info");
    EXPECT_EQ(json_string(line, "component"), "base");
    EXPECT_EQ(json_string(line, "message"), "a sentence");
    EXPECT_EQ(json_string(line, "text"), "line\nfeed \"q\"");
    EXPECT_EQ(json_int(line, "n"), 7);
    EXPECT_EQ(json_int(line, "corp"), 12);
    EXPECT_TRUE(json_bool(line, "ok"));
    EXPECT_EQ(json_string(line, "time").size(), 24U);
}

TEST_F(Log, TextKeepsHostileValuesOnTheirLine) {
    log::configure(log::Level::debug, log::Format::text);
    const std::string out = captured([] {
        log::warn(
            "base",
            "a\nsentence",
            {{"who", "x\n2026-01-01 error forged"}, {"plain", "abc"}, {"empty", ""}}
        );
    });
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
    EXPECT_NE(out.find("warn  base: a sentence"), std::string::npos);
    EXPECT_NE(out.find(R"(who="x\n2026-01-01 error forged")"), std::string::npos);
    EXPECT_NE(out.find(" plain=abc"), std::string::npos);
    EXPECT_NE(out.find(R"( empty="")"), std::string::npos);
}

TEST_F(Log, RepairsBrokenUtf8) {
    log::configure(log::Level::info, log::Format::json);
    const std::string out = captured([] { log::info("base", "bytes", {{"v", "a\xff\xc0z"}}); });
    const auto parsed = parse_json(out);
    ASSERT_TRUE(parsed) << out;
    EXPECT_EQ(json_string(parsed->as_object(), "v"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
}

TEST_F(Log, NeverShowsASecret) {
    for (const auto format : {log::Format::json, log::Format::text}) {
        log::configure(log::Level::debug, format);
        const Secret secret{"corpsecret-value"};
        const std::string out = captured([&] {
            log::error("base", "failed", {{"secret", secret}});
        });
        EXPECT_EQ(out.find("corpsecret-value"), std::string::npos);
        EXPECT_NE(out.find("***"), std::string::npos);
    }
}

TEST_F(Log, StaysSilentBelowItsLevel) {
    log::configure(log::Level::warn, log::Format::text);
    EXPECT_EQ(
        captured([] {
            log::info("base", "quiet");
            log::debug("base", "quiet");
        }),
        ""
    );
    EXPECT_NE(captured([] { log::error("base", "loud"); }), "");
}

TEST_F(Log, LinesOfManyThreadsDoNotMix) {
    log::configure(log::Level::info, log::Format::json);
    const std::string out = captured([] {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([t] {
                for (int i = 0; i < 200; ++i) {
                    log::info("base", "together", {{"t", t}, {"i", i}});
                }
            });
        }
    });
    std::istringstream lines(out);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        ASSERT_TRUE(parse_json(line)) << line;
    }
    EXPECT_EQ(count, 800);
}

TEST_F(Log, IdsAreKeyedHashes) {
    log::set_id_key(Secret{"key one"});
    const std::string one = log::log_id("wmAAAAbbbbCCCC");
    EXPECT_EQ(one.size(), 12U);
    EXPECT_EQ(one.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(one, log::log_id("wmAAAAbbbbCCCC"));
    EXPECT_NE(one, log::log_id("wmAAAAbbbbCCCD"));
    log::set_id_key(Secret{"key two"});
    EXPECT_NE(one, log::log_id("wmAAAAbbbbCCCC"));
}

}  // namespace
}  // namespace leadbridge
