#pragma once
// Migrations of this room: corp, member, department, source, api_token, audit
// (crm/staff/migrations.cpp is the schema).

#include <span>

#include "base/database.h"

namespace leadbridge::crm {

std::span<const Migration> staff_migrations();

}  // namespace leadbridge::crm
