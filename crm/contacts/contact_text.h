#pragma once
// How contacts are found by a piece of their names and remarks, however many there are.
// contact_text holds what of a contact is searched (origin 0: its name, else the remark of that
// friendship), folded; contact_part the beginnings, of at most `part_characters`, of every tail of
// it. A piece is then a range of contact_part: "伟" finds 王伟明 by its part 伟明. Parts are
// compared by bytes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "base/id.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {

inline constexpr std::size_t part_characters = 6;

// ASCII in lower case, as SQL's lower().
std::string folded(std::string_view text);

// Brings both tables to what the contact's row and its friendships say; whoever changed a name or a
// remark, moved a friendship or merged a contact calls it in the same transaction.
void index_contact(Transaction& tx, CorpId corp, ContactId contact);

// part >= from AND part < to: the parts that begin as q does.
struct PartRange {
    std::string from;
    std::string to;
};

PartRange parts_of_query(std::string_view q);
// Whether the parts of q decide by themselves; a longer q is compared with the texts.
bool parts_decide(std::string_view q);

// Ordinals of contacts that have q as a whole phone, e-mail or id.
std::vector<std::uint32_t> ords_by_identity(Snapshot& s, CorpId corp, std::string_view q);

// Ordinals, perhaps repeated, of contacts with q in their name or a remark of anybody's, or that
// have q as a whole phone, e-mail or id. A superset unless parts_decide(q). nullopt: more than
// most.
std::optional<std::vector<std::uint32_t>> ords_by_text(
    Snapshot& s, CorpId corp, std::string_view q, std::size_t most
);

}  // namespace leadbridge::crm
