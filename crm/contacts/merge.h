#pragma once
// Two contacts turn out to be one person.

#include "base/database.h"
#include "base/result.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {

// Moves identities, friendships, tags, timeline, notes, consent, chats and group places of `from`
// to `into`; `from` stays as a pointer, so that old ids resolve. Leads are the business of
// crm/leads (merge_leads). Nothing when they are equal.
void merge_contact_rows(
    Transaction& tx,
    const CrmServices& services,
    CorpId corp,
    ContactId from,
    ContactId into,
    UnixMillis at
);

}  // namespace leadbridge::crm
