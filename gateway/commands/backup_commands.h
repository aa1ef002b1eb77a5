#pragma once
// `leadbridge backup`, `backup verify`, `restore`.

#include "gateway/commands/resource_commands.h"

namespace leadbridge::gateway {

void add_backup_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen);

}  // namespace leadbridge::gateway
