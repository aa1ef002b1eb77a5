#include "base/database.h"

namespace leadbridge {

std::int64_t Snapshot::number(std::string_view sql, ParamList params) {
    auto value = one(sql, params, [](const Row& row) { return row.integer(0); });
    return value.value_or(0);
}

bool Snapshot::exists(std::string_view sql, ParamList params) {
    return one(sql, params, [](const Row&) { return true; }).has_value();
}

}  // namespace leadbridge
