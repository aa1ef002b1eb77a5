#pragma once
// Tags. Internal ones are ours alone; WeCom ones mirror a tag of the corp (path 92117) and belong
// there to a (member, contact) pair: what was received is kept per friendship (follow_tag),
// contact_tag is derived. `uses` is kept in the same transaction.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "base/result.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {

using TagGroupId = Id<struct TagGroupTag>;

enum class TagKind : std::uint8_t { internal = 1, wecom = 2 };
enum class TagSync : std::uint8_t { ready = 0, pending = 1, failed = 2 };

struct Tag {
    TagId id;
    CorpId corp;
    TagGroupId group;
    std::string group_name;
    std::string name;
    TagKind kind = TagKind::internal;
    std::string wecom_id;    // "" until WeCom has it
    std::int64_t order = 0;  // larger first, 0..2^32-1
    std::int64_t uses = 0;   // contacts with it
    TagSync sync = TagSync::ready;
    std::string error;  // of the last push to WeCom
    std::int64_t version = 0;
};

struct TagGroup {
    TagGroupId id;
    std::string name;
    TagKind kind = TagKind::internal;
    std::string wecom_id;
    std::int64_t order = 0;
};

struct NewTag {
    std::string group;  // by name; made when it is not there
    std::string name;   // at most 30 characters
    TagKind kind = TagKind::internal;
    std::int64_t order = 0;
};

// What get_corp_tag_list says of one group; all = false: the answer named only some groups or tags.
struct TagGroupFact {
    std::string wecom_id;
    std::string name;
    std::int64_t order = 0;

    struct TagFact {
        std::string wecom_id;
        std::string name;
        std::int64_t order = 0;
    };

    std::vector<TagFact> tags;
};
enum class TagFacts { whole, part };

class TagStore {
public:
    explicit TagStore(const CrmServices& services) : services_(services) {}

    // People's acts. A WeCom tag is pending until connectors/wecom has carried it there (PushTag).
    // Error{conflict} when the name is taken in its group.
    Result<TagId> create(Transaction& tx, const Viewer& viewer, const NewTag& tag);
    Status rename(
        Transaction& tx,
        const Viewer& viewer,
        TagId id,
        std::string_view name,
        std::optional<std::int64_t> if_version
    );
    Status remove(Transaction& tx, const Viewer& viewer, TagId id);
    // Everything of `from` becomes `into`; only internal tags can go.
    Status merge(Transaction& tx, const Viewer& viewer, TagId from, TagId into);
    // remove and merge move at most 500 rows at once; settle() goes on with the rest. Returns the
    // rows it moved, 0 = nothing left.
    std::int64_t settle(Transaction& tx, CorpId corp);

    // From WeCom. `whole` removes WeCom tags (with an id) that are not named.
    void apply_facts(
        Transaction& tx, CorpId corp, const std::vector<TagGroupFact>& groups, TagFacts extent
    );
    void removed_in_wecom(Transaction& tx, CorpId corp, std::string_view wecom_id, bool group);
    void pushed(
        Transaction& tx,
        CorpId corp,
        TagId id,
        std::string_view wecom_id,
        std::string_view group_wecom_id
    );
    void push_failed(Transaction& tx, CorpId corp, TagId id, std::string_view error);

    static std::optional<Tag> find(Snapshot& s, const Viewer& viewer, TagId id);
    static std::optional<Tag> find_wecom(Snapshot& s, CorpId corp, std::string_view wecom_id);
    static std::vector<Tag> list(
        Snapshot& s, const Viewer& viewer
    );  // whole tree, in order; at most some thousands
    static std::vector<TagGroup> groups(Snapshot& s, const Viewer& viewer);

private:
    CrmServices services_;
};

// --- tags on contacts ---

std::vector<Tag> tags_of(Snapshot& s, const Viewer& viewer, ContactId contact);

// Exactly these tags (the API's PUT). Internal ones at once; a WeCom tag is set or removed on each
// live friendship the viewer sees, here at once and there by MarkTag. Error{rule_broken} when an id
// is not a tag of the corp.
Status put_tags(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId contact,
    const std::vector<TagId>& tags
);

// Adds tags as from a channel, source or rule. With a follow, WeCom tags go on that friendship and
// out by MarkTag; without one they are held by the contact only. Unknown ids are skipped. Returns
// the tags that were new on the contact.
std::vector<TagId> add_tags(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    const Follow* follow,
    const std::vector<TagId>& tags,
    UnixMillis at
);

// Replaces what WeCom says of one friendship and derives contact_tag again. A tag that we set
// within the last hour and WeCom does not name yet is kept.
void receive_follow_tags(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId contact,
    FollowId follow,
    const std::vector<std::string>& wecom_ids,
    const std::vector<std::string>& personal_names,
    UnixMillis at
);

}  // namespace leadbridge::crm
