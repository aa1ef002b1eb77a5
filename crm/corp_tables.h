#pragma once
// Which tables of crm hold a corp's data, for purge_corp().

#include <span>

#include "crm/staff/corp_purge.h"

namespace leadbridge::crm {

std::span<const CorpTable> crm_tables();

}  // namespace leadbridge::crm
