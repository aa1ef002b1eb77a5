#pragma once
// Commands that are calls of the API: corp, source, token, user, inbox, jobs.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "config/settings.h"

namespace leadbridge::gateway {

// Loads the settings the way every command does; throws std::runtime_error with all faults.
using LoadSettings = std::function<config::Settings()>;
// What the chosen command does; its exit code.
using Chosen = std::function<int()>;

void add_corp_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen);
void add_source_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen);
void add_token_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen);
void add_user_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen);
void add_queue_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen);

}  // namespace leadbridge::gateway
