#include "crm/leads/lead_rows.h"

#include "crm/contacts/timeline.h"
#include "crm/staff/list_text.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {

const std::string_view lead_columns =
    "SELECT l.id, l.corp_id, l.contact_id, c.name, l.status, l.stage, l.owner, l.owner_auto, "
    "l.first_kind, l.first_channel, "
    "l.first_source, l.first_raw, l.last_kind, l.last_channel, l.last_source, l.last_raw, "
    "l.opened_ms, l.asked_ms, l.last_ms, "
    "l.closed_ms, l.reason, l.linked, l.version FROM lead l JOIN contact c ON c.corp_id = "
    "l.corp_id AND c.id = l.contact_id";

LeadRow read_lead(const Row& row) {
    LeadRow l;
    l.id = row.id<LeadId>(0);
    l.corp = row.id<CorpId>(1);
    l.contact = row.id<ContactId>(2);
    l.contact_name = row.str(3);
    l.status = static_cast<LeadStatus>(row.integer(4));
    l.stage = row.str(5);
    l.owner = row.id<MemberId>(6);
    l.owner_auto = row.flag(7);
    l.first_source = {row.str(8), row.id<ChannelId>(9), row.integer(10), row.str(11)};
    l.last_source = {row.str(12), row.id<ChannelId>(13), row.integer(14), row.str(15)};
    l.opened_ms = row.integer(16);
    l.asked_ms = row.integer(17);
    l.last_ms = row.integer(18);
    l.closed_ms = row.integer(19);
    l.reason = row.str(20);
    l.linked = row.id<LeadId>(21);
    l.version = row.integer(22);
    return l;
}

std::vector<LeadRow> leads_of(Snapshot& s, CorpId corp, ContactId contact) {
    return Query(lead_columns)
        .where("l.corp_id = ? AND l.contact_id = ? AND l.linked = 0", {corp, contact})
        .then(" ORDER BY l.opened_ms, l.id")
        .all(s, read_lead);
}

std::optional<LeadRow> open_lead(Snapshot& s, CorpId corp, ContactId contact) {
    return Query(lead_columns)
        .where("l.corp_id = ? AND l.contact_id = ? AND l.status <= 2", {corp, contact})
        .one(s, read_lead);
}

void insert_lead(Transaction& tx, const LeadRow& l) {
    tx.execute(
        "INSERT INTO lead(id, corp_id, contact_id, status, stage, owner, owner_auto, first_kind, "
        "first_channel, first_source, "
        "first_raw, last_kind, last_channel, last_source, last_raw, opened_ms, asked_ms, last_ms, "
        "closed_ms, reason, linked, "
        "version) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1)",
        {l.id,
         l.corp,
         l.contact,
         l.status,
         l.stage,
         l.owner,
         l.owner_auto,
         l.first_source.kind,
         l.first_source.channel,
         l.first_source.source_id,
         l.first_source.raw,
         l.last_source.kind,
         l.last_source.channel,
         l.last_source.source_id,
         l.last_source.raw,
         l.opened_ms,
         l.asked_ms,
         l.last_ms,
         l.closed_ms,
         l.reason,
         l.linked}
    );
    tx.changed({l.corp, "lead", l.id.value, "created"});
    project_contact(tx, l.corp, l.contact);
}

void store_lead(Transaction& tx, const LeadRow& l) {
    tx.execute(
        "UPDATE lead SET contact_id = ?, status = ?, stage = ?, owner = ?, owner_auto = ?, "
        "first_kind = ?, first_channel = ?, "
        "first_source = ?, first_raw = ?, last_kind = ?, last_channel = ?, last_source = ?, "
        "last_raw = ?, opened_ms = ?, "
        "asked_ms = ?, last_ms = ?, closed_ms = ?, reason = ?, linked = ?, version = version + 1 "
        "WHERE corp_id = ? AND id = ?",
        {l.contact,
         l.status,
         l.stage,
         l.owner,
         l.owner_auto,
         l.first_source.kind,
         l.first_source.channel,
         l.first_source.source_id,
         l.first_source.raw,
         l.last_source.kind,
         l.last_source.channel,
         l.last_source.source_id,
         l.last_source.raw,
         l.opened_ms,
         l.asked_ms,
         l.last_ms,
         l.closed_ms,
         l.reason,
         l.linked,
         l.corp,
         l.id}
    );
    tx.changed({l.corp, "lead", l.id.value, "updated"});
    project_contact(tx, l.corp, l.contact);
}

void tell_lead(Transaction& tx, IdSource& ids, const LeadRow& lead, const LeadNews& news) {
    NewTimelineEvent event{
        lead.corp, lead.contact, lead.id, lead.owner, news.at, news.kind, news.detail, news.actor};
    add_event(tx, ids, event);
}

std::string lead_source_text(const LeadSource& source) {
    return object_text(
        {{"source", source.kind},
         {"channel_id", source.channel ? source.channel.str() : ""},
         {"source_id", source.source_id != 0 ? std::to_string(source.source_id) : ""},
         {"state", source.raw}}
    );
}

void project_contact(Transaction& tx, CorpId corp, ContactId contact) {
    MemberId owner;
    std::string stage;
    if (const auto open = open_lead(tx, corp, contact)) {
        owner = open->owner;
        stage = open->stage.empty() ? std::string(to_string(open->status)) : open->stage;
    } else {
        owner = MemberId{tx.number(
            "SELECT member_id FROM follow WHERE corp_id = ? AND contact_id = ? AND live = 1 ORDER "
            "BY added_ms, id LIMIT 1",
            {corp, contact}
        )};
        const auto won = tx.one(
            "SELECT owner FROM lead WHERE corp_id = ? AND contact_id = ? AND status = ? ORDER BY "
            "closed_ms DESC, id DESC LIMIT 1",
            {corp, contact, LeadStatus::converted},
            [](const Row& row) { return row.id<MemberId>(0); }
        );
        stage = won ? "customer" : "";
        // Who won somebody known by forms only keeps him; a friend who left has no owner.
        if (won && !tx.exists(
                       "SELECT 1 FROM follow WHERE corp_id = ? AND contact_id = ?", {corp, contact}
                   )) {
            owner = *won;
        }
    }
    const std::int64_t changed = tx.execute(
        "UPDATE contact SET owner = ?, stage = ? WHERE corp_id = ? AND id = ? AND (owner <> ? OR "
        "stage <> ?)",
        {owner, stage, corp, contact, owner, stage}
    );
    if (changed > 0) {
        tx.changed({corp, "contact", contact.value, "updated"});
    }
}

}  // namespace leadbridge::crm
