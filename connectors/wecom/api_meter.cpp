#include "connectors/wecom/api_meter.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t second_ms = 1'000;
constexpr std::int64_t minute_ms = 60'000;

}  // namespace

void ApiMeter::Ring::add(std::int64_t slot) {
    Count& count = counts_[static_cast<std::size_t>(slot) % counts_.size()];
    if (count.slot != slot) {
        count = Count{slot, 0};
    }
    ++count.n;
}

std::int64_t ApiMeter::Ring::sum(std::int64_t slot) const {
    const auto length = static_cast<std::int64_t>(counts_.size());
    std::int64_t n = 0;
    for (const Count& count : counts_) {
        n += count.slot > slot - length && count.slot <= slot ? count.n : 0;
    }
    return n;
}

void ApiMeter::count(CorpId corp, std::string_view api, Limited limited) {
    const std::int64_t now = clock_.steady_ms();
    auto meters = meters_.lock();
    Meter& meter = (*meters)[{corp, api}];
    meter.calls.add(now / second_ms);
    if (limited == Limited::yes) {
        meter.limited.add(now / minute_ms);
        meter.limited_ms = clock_.now();
    }
}

std::vector<ApiMeter::Use> ApiMeter::uses(CorpId corp) const {
    const std::int64_t now = clock_.steady_ms();
    std::vector<Use> out;
    auto meters = meters_.lock();
    for (auto at = meters->lower_bound({corp, {}}); at != meters->end(); ++at) {
        if (at->first.first != corp) {
            break;
        }
        const Meter& meter = at->second;
        out.push_back(Use{
            at->first.second,
            meter.calls.sum(now / second_ms),
            meter.limited.sum(now / minute_ms),
            meter.limited_ms});
    }
    return out;
}

}  // namespace leadbridge::wecom
