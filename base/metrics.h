#pragma once
// Counters, gauges and histograms over prometheus-cpp. Names begin with "leadbridge_". Labels are
// few and bounded: never a person.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace leadbridge {

using Labels = std::map<std::string, std::string>;

class Counter {
public:
    virtual ~Counter() = default;
    virtual void add(double n = 1) = 0;
    virtual double value() const = 0;
};

class Gauge {
public:
    virtual ~Gauge() = default;
    virtual void set(double v) = 0;
    virtual double value() const = 0;
};

class Histogram {
public:
    virtual ~Histogram() = default;
    virtual void observe(double v) = 0;
};

// Thread-safe. A returned reference lives as long as the Metrics; asking again with the same name
// and labels gives the same one.
class Metrics {
public:
    Metrics();
    ~Metrics();
    Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
    Histogram& histogram(
        std::string_view name,
        std::string_view help,
        const std::vector<double>& buckets,
        const Labels& labels = {}
    );
    // Runs before each scrape, to set gauges.
    void on_scrape(std::function<void()> update);
    std::string render();  // Prometheus text format

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge
