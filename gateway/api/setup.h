#pragma once
// The table of the setup's steps: what each test found last.

#include <span>

#include "base/database.h"

namespace leadbridge::gateway {

std::span<const Migration> setup_migrations();

}  // namespace leadbridge::gateway
