#pragma once
// Touches given to intake, for its tests.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "crm/intake.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {

inline constexpr UnixMillis t0 = 1'770'000'000'000;

struct IntakeTest : ::testing::Test {
    CrmWorld w;

    ContactFetched fetched(const std::string& external, std::vector<FollowFact> follows) {
        ContactFetched out;
        out.external_userid = external;
        out.name = "小王";
        out.follows = std::move(follows);
        out.whole = true;
        return out;
    }

    FollowFact follow(const std::string& userid, UnixMillis created) {
        FollowFact out;
        out.userid = userid;
        out.created_ms = created;
        return out;
    }
};

}  // namespace leadbridge::crm
