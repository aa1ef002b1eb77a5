// Every route as every role, against tests/data/route_roles.txt: a route or a role that changes is
// changed there too, by somebody who has thought about it.

#include <algorithm>
#include <fstream>

#include "tests/gateway/people_fixture.h"

namespace leadbridge::gateway {
namespace {

constexpr std::string_view letters = "amskvcr";  // in the order of Role

std::string name_of(const Route& route) {
    std::string name(to_string(route.method));
    for (char& c : name) {
        c = static_cast<char>(c - 'A' + 'a');
    }
    return name + " " + std::string(route.pattern);
}

std::map<std::string, std::string> golden() {
    std::map<std::string, std::string> out;
    std::ifstream file(std::string(LEADBRIDGE_TEST_DATA) + "/route_roles.txt");
    std::string line;
    while (std::getline(file, line)) {
        if (line.empty() || line.front() == '#') {
            continue;
        }
        const std::size_t space = line.rfind(' ');
        out[line.substr(0, line.find_last_not_of(' ', space) + 1)] = line.substr(space + 1);
    }
    return out;
}

TEST_F(PeopleTest, EveryRouteAsEveryRole) {
    const CorpId corp{*parse_id(add_corp("wwSAMPLE0001"))};
    std::vector<crm::UserId> people;
    for (int i = 0; i < crm::role_count; ++i) {
        const auto role = static_cast<crm::Role>(i);
        people.push_back(
            person(std::string(to_string(role)), role, role == crm::Role::sales ? corp : CorpId{})
                .user
        );
    }
    const auto expected = golden();
    ASSERT_FALSE(expected.empty()) << "tests/data/route_roles.txt";
    for (const Route& route : api_routes()) {
        std::string target(route.pattern.substr(std::string_view("/api/v1/").size()));
        for (const std::string_view name : {"{id}", "{batch}"}) {
            if (const auto at = target.find(name); at != std::string::npos) {
                target.replace(at, name.size(), "12345");
            }
        }
        std::string found;
        for (std::size_t i = 0; i < people.size(); ++i) {
            // A session for each: signing out is a route too.
            const Got got = browse(sign_in(people[i]), route.method, target);
            EXPECT_LT(got.status, 500) << name_of(route) << ": " << got.body;
            EXPECT_NE(got.status, 401) << name_of(route) << ": " << got.body;
            const bool refused = got.status == 403 && got.code() == "permission_missing";
            found.push_back(refused ? '-' : letters[i]);
        }
        const auto line = expected.find(name_of(route));
        EXPECT_EQ(line == expected.end() ? "not listed" : line->second, found) << name_of(route);
    }
    for (const auto& line : expected) {
        const bool known =
            std::any_of(api_routes().begin(), api_routes().end(), [&](const Route& route) {
                return name_of(route) == line.first;
            });
        EXPECT_TRUE(known) << line.first << " is listed but there is no such route";
    }
}

}  // namespace
}  // namespace leadbridge::gateway
