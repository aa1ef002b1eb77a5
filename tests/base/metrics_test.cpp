#include "base/metrics.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

namespace leadbridge {
namespace {

bool has(const std::string& text, std::string_view line) {
    return text.find(line) != std::string::npos;
}

TEST(Metrics, GivesTheSameSeriesForTheSameNameAndLabels) {
    Metrics m;
    auto& a = m.counter("leadbridge_things_total", "Things", {{"kind", "a"}});
    auto& b = m.counter("leadbridge_things_total", "Things", {{"kind", "b"}});
    EXPECT_EQ(&a, &m.counter("leadbridge_things_total", "Things", {{"kind", "a"}}));
    EXPECT_NE(&a, &b);
    a.add();
    a.add(2);
    EXPECT_DOUBLE_EQ(a.value(), 3);
    EXPECT_DOUBLE_EQ(b.value(), 0);
    auto& gauge = m.gauge("leadbridge_level", "Level");
    gauge.set(4.5);
    EXPECT_EQ(&gauge, &m.gauge("leadbridge_level", "Level"));
    auto& histogram = m.histogram("leadbridge_wait_seconds", "Wait", {0.1, 1});
    EXPECT_EQ(&histogram, &m.histogram("leadbridge_wait_seconds", "Wait", {0.1, 1}));
    histogram.observe(0.05);
    histogram.observe(0.5);
    histogram.observe(5);
    const auto text = m.render();
    EXPECT_TRUE(has(text, "# TYPE leadbridge_things_total counter"));
    EXPECT_TRUE(has(text, "leadbridge_things_total{kind=\"a\"} 3"));
    EXPECT_TRUE(has(text, "leadbridge_level 4.5"));
    EXPECT_TRUE(has(text, "leadbridge_wait_seconds_bucket{le=\"1\"} 2"));
    EXPECT_TRUE(has(text, "leadbridge_wait_seconds_count 3"));
}

TEST(Metrics, RunsUpdatesBeforeEachScrape) {
    Metrics m;
    int calls = 0;
    m.on_scrape([&] { m.gauge("leadbridge_depth", "Depth").set(++calls); });
    EXPECT_TRUE(has(m.render(), "leadbridge_depth 1"));
    EXPECT_TRUE(has(m.render(), "leadbridge_depth 2"));
}

TEST(Metrics, EscapesLabelValues) {
    Metrics m;
    m.counter("leadbridge_odd_total", "Odd", {{"v", "a\"b\\c\nd"}}).add();
    EXPECT_TRUE(has(m.render(), R"(leadbridge_odd_total{v="a\"b\\c\nd"} 1)"));
}

TEST(Metrics, OneNameHasOneType) {
    Metrics m;
    m.counter("leadbridge_x", "X");
    EXPECT_THROW(m.gauge("leadbridge_x", "X"), std::invalid_argument);
}

TEST(Metrics, CountsFromManyThreads) {
    Metrics m;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 5'000; ++i) {
                m.counter("leadbridge_n_total", "N", {{"k", std::to_string(i % 3)}}).add();
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    double sum = 0;
    for (int k = 0; k < 3; ++k) {
        sum += m.counter("leadbridge_n_total", "N", {{"k", std::to_string(k)}}).value();
    }
    EXPECT_DOUBLE_EQ(sum, 20'000);
}

}  // namespace
}  // namespace leadbridge
