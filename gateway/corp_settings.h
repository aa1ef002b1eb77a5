#pragma once
// [[corp]] tables of the settings file become rows: an upsert at start.

#include "base/database.h"
#include "config/settings.h"
#include "crm/staff/corp.h"

namespace leadbridge::gateway {

// Error{invalid} names the corp and field.
Status apply_corps(Database& core, crm::CorpStore& store, const std::vector<config::Corp>& corps);

}  // namespace leadbridge::gateway
