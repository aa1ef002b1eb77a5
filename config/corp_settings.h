#pragma once
// Reads the [[corp]] tables; private to settings.cpp.

#include <vector>

#include "config/reader.h"
#include "config/settings.h"

namespace leadbridge::config {

std::vector<Corp> read_corps(Table& root);

}  // namespace leadbridge::config
