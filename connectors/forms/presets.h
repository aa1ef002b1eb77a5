#pragma once
// Forms we know by name, as data of the one mapper. docs/connectors.md says where each provider's
// console keeps the settings.

#include <span>
#include <string_view>

#include "connectors/forms/source_config.h"

namespace leadbridge::forms {

struct Preset {
    std::string_view name;
    std::string_view auth;  // JSON, without secrets
    std::string_view map;   // JSON
    std::string_view ack;
    Challenge challenge = Challenge::none;
};

std::span<const Preset> presets();
// "generic" for a name nobody knows.
const Preset& preset(std::string_view name);

}  // namespace leadbridge::forms
