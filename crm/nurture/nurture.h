#pragma once
// Migrations of this room: segment, push, push_count, push_batch, push_recipient, push_msgid,
// contact_opt_out (crm/nurture/migrations.cpp is the schema).

#include <span>

#include "base/database.h"

namespace leadbridge::crm {

std::span<const Migration> nurture_migrations();

}  // namespace leadbridge::crm
