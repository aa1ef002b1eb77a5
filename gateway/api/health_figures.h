#pragma once
// Figures of GET health that come from the metrics, as Prometheus would scrape them, and from the
// calls to WeCom. .cpp files of gateway/api only.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "gateway/api_services.h"

namespace leadbridge::gateway {

// One line of Prometheus' text: name{label="value",...} number.
struct MetricSample {
    std::map<std::string, std::string> labels;
    double value = 0;
};

// Samples by name, of the names that are asked for.
std::map<std::string, std::vector<MetricSample>> metric_samples(
    const std::string& text, const std::vector<std::string_view>& names
);
// Quantiles in ms from the buckets of a histogram in seconds, its labels added up. Within a bucket
// the upper edge is told.
json::object quantiles_json(const std::vector<MetricSample>& buckets);
// leadbridge_wecom_calls_total by API, the busiest first.
json::array wecom_calls_json(const std::vector<MetricSample>& samples);
// How much of each API's frequency the corp uses, and what rests for how long.
json::array wecom_quotas_json(const ApiServices& services, CorpId corp);
json::value wecom_paused_json(const ApiServices& services, CorpId corp);

}  // namespace leadbridge::gateway
