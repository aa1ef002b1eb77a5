#include "gateway/side_fetches.h"

namespace leadbridge::gateway {

namespace {

constexpr std::int64_t object_ms = 20'000;
constexpr std::int64_t member_ms = 60'000;
constexpr int per_member = 20;
constexpr std::size_t most = 4'096;

}  // namespace

bool SideFetches::due(const crm::Viewer& viewer, std::string_view object) {
    const std::int64_t now = clock_.steady_ms();
    auto used = used_.lock();
    std::erase_if(*used, [&](const auto& entry) { return entry.second.until <= now; });
    if (used->size() >= most) {
        return false;
    }
    const auto take = [&](const std::string& key, std::int64_t ms, int limit) {
        Used& entry = used->try_emplace({viewer.corp, key}, Used{now + ms}).first->second;
        return ++entry.count <= limit;
    };
    return take("o:" + std::string(object), object_ms, 1) &&
           take("m:" + viewer.member.str(), member_ms, per_member);
}

}  // namespace leadbridge::gateway
