#pragma once
// Tags put on or taken from one contact by bulk work, with a record of exactly what changed, so
// that it can be put back: an own tag here, a WeCom tag on each friendship by the inverse call
// through the outbox.

#include <string>
#include <vector>

#include "base/database.h"
#include "base/result.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {

struct TagStep {
    TagId tag;
    bool own = false;               // our own word on the contact changed
    std::vector<FollowId> follows;  // friendships where the WeCom tag changed
};

struct TagMoves {
    std::vector<TagStep> added;
    std::vector<TagStep> removed;

    bool empty() const noexcept { return added.empty() && removed.empty(); }
};

// Error{not_found} for a contact the viewer does not see, Error{rule_broken} "tags" for an id that
// is no living tag. WeCom tags change on the friendships the viewer may change.
Result<TagMoves> change_tags(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId contact,
    const std::vector<TagId>& add,
    const std::vector<TagId>& remove
);
// Puts back what a change did, as far as it still stands.
Status undo_tags(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId contact,
    const TagMoves& change
);

std::string tag_moves_text(const TagMoves& change);  // JSON
Result<TagMoves> parse_tag_moves(std::string_view text);

}  // namespace leadbridge::crm
