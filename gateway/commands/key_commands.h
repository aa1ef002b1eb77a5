#pragma once
// `leadbridge key`: the master key of this installation.

#include "gateway/commands/resource_commands.h"

namespace leadbridge::gateway {

void add_key_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen);

}  // namespace leadbridge::gateway
