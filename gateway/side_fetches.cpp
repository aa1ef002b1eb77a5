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
    const std::pair of_object{viewer.corp, "o:" + std::string(object)};
    if (used->contains(of_object) || used->size() >= most) {
        return false;
    }
    // The member's share goes first: whoever has none left takes no object's place either.
    const std::pair of_member{viewer.corp, "m:" + viewer.member.str()};
    if (++used->try_emplace(of_member, Used{now + member_ms}).first->second.count > per_member) {
        return false;
    }
    used->emplace(of_object, Used{now + object_ms});
    return true;
}

}  // namespace leadbridge::gateway
