#include "connectors/sandbox/world.h"

#include <fmt/format.h>

namespace leadbridge::sandbox {

Follow* Company::follow(const std::string& userid, const std::string& external_userid) {
    const auto it = follows.find({userid, external_userid});
    return it == follows.end() ? nullptr : &it->second;
}

Tag* Company::tag(const std::string& id, TagGroup** group) {
    for (auto& [group_id, g] : tag_groups) {
        for (Tag& t : g.tags) {
            if (t.id == id) {
                if (group != nullptr) {
                    *group = &g;
                }
                return &t;
            }
        }
    }
    return nullptr;
}

std::size_t Company::tag_count() const {
    std::size_t n = 0;
    for (const auto& [id, group] : tag_groups) {
        n += group.tags.size();
    }
    return n;
}

Company* World::company(const std::string& corpid) {
    const auto it = companies.find(corpid);
    return it == companies.end() ? nullptr : &it->second;
}

std::string World::fresh(const std::string& prefix) {
    return fmt::format("{}{:08}", prefix, next_number++);
}

}  // namespace leadbridge::sandbox
