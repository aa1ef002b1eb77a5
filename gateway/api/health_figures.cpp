#include "gateway/api/health_figures.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "connectors/wecom/services.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

std::map<std::string, std::string> labels_of(std::string_view text) {
    std::map<std::string, std::string> out;
    while (!text.empty()) {
        const std::size_t equals = text.find("=\"");
        const std::size_t end =
            equals == std::string_view::npos ? equals : text.find('"', equals + 2);
        if (end == std::string_view::npos) {
            break;
        }
        out.emplace(text.substr(0, equals), text.substr(equals + 2, end - equals - 2));
        text.remove_prefix(std::min(text.size(), end + 2));
    }
    return out;
}

}  // namespace

std::map<std::string, std::vector<MetricSample>> metric_samples(
    const std::string& text, const std::vector<std::string_view>& names
) {
    std::map<std::string, std::vector<MetricSample>> out;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const std::size_t space = line.rfind(' ');
        const std::string_view name = line.substr(0, line.find_first_of("{ "));
        if (space == std::string_view::npos ||
            std::find(names.begin(), names.end(), name) == names.end()) {
            continue;
        }
        MetricSample sample;
        const std::string_view number = line.substr(space + 1);
        std::from_chars(number.data(), number.data() + number.size(), sample.value);
        const std::size_t open = line.find('{');
        const std::size_t close = line.rfind('}');
        if (open != std::string_view::npos && close != std::string_view::npos) {
            sample.labels = labels_of(line.substr(open + 1, close - open - 1));
        }
        out[std::string(name)].push_back(std::move(sample));
    }
    return out;
}

json::object quantiles_json(const std::vector<MetricSample>& buckets) {
    std::map<double, double> up_to;
    for (const MetricSample& sample : buckets) {
        const auto le = sample.labels.find("le");
        if (le == sample.labels.end()) {
            continue;
        }
        const std::string& text = le->second;
        double edge = HUGE_VAL;
        if (text != "+Inf") {
            std::from_chars(text.data(), text.data() + text.size(), edge);
        }
        up_to[edge] += sample.value;
    }
    const double total = up_to.empty() ? 0 : up_to.rbegin()->second;
    json::object out{{"count", static_cast<std::int64_t>(total)}};
    for (const auto& [name, part] : {std::pair("p50", 0.5), {"p95", 0.95}, {"p99", 0.99}}) {
        out[name] = nullptr;
        double last_edge = 0;
        for (const auto& [edge, n] : up_to) {
            last_edge = std::isinf(edge) ? last_edge : edge;
            if (total > 0 && n >= part * total) {
                out[name] = last_edge * 1'000;
                break;
            }
        }
    }
    return out;
}

json::array wecom_calls_json(const std::vector<MetricSample>& samples) {
    struct Calls {
        std::int64_t all = 0;
        std::int64_t failed = 0;
        std::map<std::string, std::int64_t> errors;
    };

    std::map<std::string, Calls> by_api;
    for (const MetricSample& sample : samples) {
        const auto n = static_cast<std::int64_t>(sample.value);
        const auto api = sample.labels.find("api");
        const auto what = sample.labels.find("class");
        if (api == sample.labels.end() || what == sample.labels.end()) {
            continue;
        }
        Calls& calls = by_api[api->second];
        calls.all += n;
        if (what->second != "ok") {
            calls.failed += n;
            calls.errors[what->second] += n;
        }
    }
    std::vector<std::pair<std::string, Calls>> list(by_api.begin(), by_api.end());
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
        return a.second.all > b.second.all;
    });
    json::array out;
    for (const auto& [api, calls] : list) {
        json::array errors;
        for (const auto& [code, n] : calls.errors) {
            errors.push_back(json::object{{"code", code}, {"count", n}});
        }
        out.push_back(json::object{
            {"api", api},
            {"calls", calls.all},
            {"failed", calls.failed},
            {"errors", std::move(errors)}});
    }
    return out;
}

json::array wecom_quotas_json(const ApiServices& services, CorpId corp) {
    std::vector<wecom::ApiQuota> quotas = services.wecom.api.quotas(corp);
    std::stable_sort(quotas.begin(), quotas.end(), [](const auto& a, const auto& b) {
        return a.use.last_minute > b.use.last_minute;
    });
    const UnixMillis now = services.clock.now();
    json::array out;
    for (const wecom::ApiQuota& quota : quotas) {
        out.push_back(json::object{
            {"api", quota.use.api},
            {"last_minute", quota.use.last_minute},
            {"per_minute", std::llround(quota.per_minute)},
            {"allowed", std::llround(quota.allowed)},
            {"limited", quota.use.limited_hour},
            {"last_limited", time_json(quota.use.limited_ms)},
            {"rests_until", time_json(quota.rests_ms > 0 ? now + quota.rests_ms : 0)}});
    }
    return out;
}

json::value wecom_paused_json(const ApiServices& services, CorpId corp) {
    const std::int64_t paused = services.wecom.api.paused_ms(corp);
    return time_json(paused > 0 ? services.clock.now() + paused : 0);
}

}  // namespace leadbridge::gateway
