#pragma once
// Calls `refresh` on its own thread after commits that changed one of `topics`. Used by what is
// kept in memory.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/database.h"

namespace leadbridge::crm {

class ChangeFollower {
public:
    // `refresh` may throw DatabaseError: it is then called again after a second. db outlives the
    // follower.
    ChangeFollower(Database& db, std::vector<std::string> topics, std::function<void()> refresh);
    ~ChangeFollower();  // waits for a running refresh

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace leadbridge::crm
