#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>

#include "base/guarded.h"

namespace leadbridge {

namespace {

class CounterImpl final : public Counter {
public:
    explicit CounterImpl(prometheus::Counter& counter) : counter_(counter) {}

    void add(double n) override { counter_.Increment(n); }

    double value() const override { return counter_.Value(); }

private:
    prometheus::Counter& counter_;
};

class GaugeImpl final : public Gauge {
public:
    explicit GaugeImpl(prometheus::Gauge& gauge) : gauge_(gauge) {}

    void set(double v) override { gauge_.Set(v); }

    double value() const override { return gauge_.Value(); }

private:
    prometheus::Gauge& gauge_;
};

class HistogramImpl final : public Histogram {
public:
    explicit HistogramImpl(prometheus::Histogram& histogram) : histogram_(histogram) {}

    void observe(double v) override { histogram_.Observe(v); }

private:
    prometheus::Histogram& histogram_;
};

using Key = std::pair<std::string, Labels>;

struct Series {
    std::map<Key, CounterImpl> counters;
    std::map<Key, GaugeImpl> gauges;
    std::map<Key, HistogramImpl> histograms;
};

}  // namespace

struct Metrics::State {
    prometheus::Registry registry;
    Guarded<Series> series;
    Guarded<std::vector<std::function<void()>>> updates;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}

Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
    auto series = state_->series.lock();
    Key key{std::string(name), labels};
    if (const auto found = series->counters.find(key); found != series->counters.end()) {
        return found->second;
    }
    auto& family = prometheus::BuildCounter()
                       .Name(key.first)
                       .Help(std::string(help))
                       .Register(state_->registry);
    auto& counter = family.Add(labels);
    return series->counters.try_emplace(std::move(key), counter).first->second;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
    auto series = state_->series.lock();
    Key key{std::string(name), labels};
    if (const auto found = series->gauges.find(key); found != series->gauges.end()) {
        return found->second;
    }
    auto& family =
        prometheus::BuildGauge().Name(key.first).Help(std::string(help)).Register(state_->registry);
    auto& gauge = family.Add(labels);
    return series->gauges.try_emplace(std::move(key), gauge).first->second;
}

Histogram& Metrics::histogram(
    std::string_view name,
    std::string_view help,
    const std::vector<double>& buckets,
    const Labels& labels
) {
    auto series = state_->series.lock();
    Key key{std::string(name), labels};
    if (const auto found = series->histograms.find(key); found != series->histograms.end()) {
        return found->second;
    }
    auto& family = prometheus::BuildHistogram()
                       .Name(key.first)
                       .Help(std::string(help))
                       .Register(state_->registry);
    auto& histogram = family.Add(labels, buckets);
    return series->histograms.try_emplace(std::move(key), histogram).first->second;
}

void Metrics::on_scrape(std::function<void()> update) {
    state_->updates.lock()->push_back(std::move(update));
}

std::string Metrics::render() {
    // Copied, so that an update may itself ask for metrics or register another update.
    const auto updates = *state_->updates.lock();
    for (const auto& update : updates) {
        update();
    }
    return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace leadbridge
