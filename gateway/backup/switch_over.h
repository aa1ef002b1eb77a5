#pragma once
// From the old installation to the one that a restore has made ready: renames only. The list of
// them is durable before the first is made, and whoever next locks the data directory ends what was
// begun; so there is the old installation or the new one, and never a mixture of both.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leadbridge::gateway {

// Name of the folders where the new installation stands ready; gone with the switch.
inline constexpr std::string_view staged_folder = "restore.new";

struct Move {
    std::string staged;  // in such a folder; "" = what stands at `target` is only put aside
    std::string target;
    std::string aside;  // where the former one goes
};

struct SwitchOver {
    std::string backup;  // the folder that was restored
    std::string aside;   // where what stood here goes, for people
    std::vector<Move> moves;
};

// For tests: called between the steps; what it throws is a crash there.
using Reached = std::function<void(const std::string& step)>;

// From its return on it is the new installation, whenever the renames are made. The data
// directory's lock is held. Throws std::system_error.
void begin_switch(const std::string& data_dir, const SwitchOver& plan);
// Makes the renames of a switch that was begun; nullopt when none was. Throws std::system_error,
// std::runtime_error when the list cannot be read.
std::optional<SwitchOver> finish_switch(const std::string& data_dir, const Reached& reached = {});

}  // namespace leadbridge::gateway
