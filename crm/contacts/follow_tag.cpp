#include <set>

#include "crm/contacts/contact_tag_rows.h"
#include "crm/contacts/tag.h"
#include "crm/outbox.h"

namespace leadbridge::crm {
namespace {

constexpr std::int64_t settling_ms = 3'600'000;  // how long WeCom may take to show what we set

struct Stored {
    std::string name;
    UnixMillis set_ms = 0;
};

void receive_personal(
    Transaction& tx, CorpId corp, FollowId follow, const std::vector<std::string>& names
) {
    tx.execute(
        "DELETE FROM follow_tag WHERE corp_id = ? AND follow_id = ? AND personal = 1",
        {corp, follow}
    );
    for (const std::string& name : names) {
        tx.execute(
            "INSERT INTO follow_tag(corp_id, follow_id, name, personal, set_ms) VALUES(?,?,?,1,0) "
            "ON CONFLICT(corp_id, follow_id, personal, name) DO NOTHING",
            {corp, follow, name}
        );
    }
}

// The names whose place on the friendship may have changed.
std::set<std::string> receive_names(
    Transaction& tx,
    CorpId corp,
    FollowId follow,
    const std::set<std::string>& received,
    UnixMillis at
) {
    std::set<std::string> changed = received;
    const auto stored = tx.all(
        "SELECT name, set_ms FROM follow_tag WHERE corp_id = ? AND follow_id = ? AND personal = 0",
        {corp, follow},
        [](const Row& row) {
            return Stored{row.str(0), row.integer(1)};
        }
    );
    for (const Stored& row : stored) {
        const bool named = received.contains(row.name);
        const UnixMillis set = row.set_ms < 0 ? -row.set_ms : row.set_ms;
        const bool waits = row.set_ms != 0 && at < set + settling_ms;
        const bool contradicts = named == (row.set_ms < 0);
        if (contradicts && waits) {
            changed.erase(row.name);  // ours is newer than what WeCom shows yet
        } else if (named) {
            const bool same = row.set_ms == 0;
            tx.execute(
                "UPDATE follow_tag SET set_ms = 0 WHERE corp_id = ? AND follow_id = ? AND personal "
                "= 0 AND name = ?",
                {corp, follow, row.name}
            );
            if (same) {
                changed.erase(row.name);
            }
        } else {
            tx.execute(
                "DELETE FROM follow_tag WHERE corp_id = ? AND follow_id = ? AND personal = 0 AND "
                "name = ?",
                {corp, follow, row.name}
            );
            changed.insert(row.name);
        }
    }
    for (const std::string& name : received) {
        tx.execute(
            "INSERT INTO follow_tag(corp_id, follow_id, name, personal, set_ms) VALUES(?,?,?,0,0) "
            "ON CONFLICT(corp_id, follow_id, personal, name) DO NOTHING",
            {corp, follow, name}
        );
    }
    return changed;
}

}  // namespace

void receive_follow_tags(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    FollowId follow,
    const std::vector<std::string>& wecom_ids,
    const std::vector<std::string>& personal_names,
    UnixMillis at
) {
    receive_personal(tx, corp, follow, personal_names);
    const std::set<std::string> received(wecom_ids.begin(), wecom_ids.end());
    std::vector<TagId> added;
    std::vector<TagId> removed;
    bool unknown = false;
    for (const std::string& name : receive_names(tx, corp, follow, received, at)) {
        const auto tag = TagStore::find_wecom(tx, corp, name);
        if (!tag) {
            unknown = unknown || received.contains(name);
            continue;
        }
        const Derived derived = derive_tag(tx, corp, contact, tag->id, name);
        if (derived == Derived::added) {
            added.push_back(tag->id);
        } else if (derived == Derived::removed) {
            removed.push_back(tag->id);
        }
    }
    note_tags(tx, services.ids, corp, contact, "tagged", added, "", at);
    note_tags(tx, services.ids, corp, contact, "untagged", removed, "", at);
    if (unknown) {
        put_job(tx, services.jobs, corp, SyncTags{}, 0);
    }
}

}  // namespace leadbridge::crm
