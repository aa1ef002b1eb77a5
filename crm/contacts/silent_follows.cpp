#include "crm/contacts/contact.h"

namespace leadbridge::crm {

std::vector<std::string> silent_follows(
    Snapshot& s,
    CorpId corp,
    MemberId member,
    UnixMillis since_ms,
    std::string_view after,
    int limit
) {
    return s.all(
        "SELECT external_userid FROM follow WHERE corp_id=? AND member_id=? AND live=1 AND half=0 "
        "AND event_ms<? AND fetched_ms<? AND external_userid>? ORDER BY external_userid LIMIT ?",
        {corp, member, since_ms, since_ms, after, limit},
        [](const Row& row) { return row.str(0); }
    );
}

}  // namespace leadbridge::crm
