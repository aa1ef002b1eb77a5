#pragma once
// The welcome table. Private to welcome*.cpp.

#include "connectors/wecom/welcome.h"

namespace leadbridge::wecom::welcome_rows {

struct Sealed {
    WelcomeRow row;
    std::string code;  // sealed
};

// What the sealed code of a row is bound to.
std::string code_place(std::int64_t inbox_id);
// False when the inbox row has one already.
bool insert(Transaction& tx, const WelcomeRow& row, std::string_view sealed_code);
void update(Transaction& tx, const WelcomeRow& row);
std::optional<WelcomeRow> newest_of_pair(
    Snapshot& s, CorpId corp, std::string_view userid, std::string_view external_userid
);
std::vector<Sealed> unfinished(Snapshot& s, CorpId corp);
std::string sealed_code(Snapshot& s, CorpId corp, std::int64_t inbox_id);

}  // namespace leadbridge::wecom::welcome_rows
