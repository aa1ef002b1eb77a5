#pragma once
// Shared by the lists of contacts and of leads: a contact's columns, and the search text as a
// condition on `contact c`. .cpp files of crm only.

#include <string_view>

#include "base/database.h"
#include "base/id.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {

class Query;

extern const std::string_view contact_columns;  // "SELECT ... FROM contact c"
Contact read_contact(const Row& row);

// Part of the name, or an exact phone, e-mail or external id. Nothing when q is empty. Few that
// could fit are named in the query, so that it looks at no others; s reads them. True when it names
// them: an order that has an index of its own must then be kept from it ("+c.id").
bool search_contacts(Query& query, Snapshot& s, CorpId corp, std::string_view q);

}  // namespace leadbridge::crm
