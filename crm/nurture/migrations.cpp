#include <array>

#include "crm/nurture/nurture.h"

namespace leadbridge::crm {

namespace {

// Numbers of states are those of the enumerations in push_ledger.h; 1, 4 and 6 are intent, unknown
// and for_review.
constexpr std::string_view first = R"sql(
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    corp_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
);
CREATE UNIQUE INDEX segment_name ON segment (corp_id, name);
CREATE TABLE push (
    id INTEGER PRIMARY KEY,
    corp_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    status INTEGER NOT NULL,
    segment_id INTEGER NOT NULL,
    body TEXT NOT NULL,
    content TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    schedule_ms INTEGER NOT NULL,
    plan_step INTEGER NOT NULL,
    plan_cursor INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    submitted_ms INTEGER NOT NULL,
    finished_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    viewer_member INTEGER NOT NULL,
    viewer_scope INTEGER NOT NULL
);
CREATE INDEX push_of_corp ON push (corp_id, id);
CREATE INDEX push_of_status ON push (corp_id, status, id);
CREATE TABLE push_count (
    corp_id INTEGER NOT NULL,
    push_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (corp_id, push_id, kind)
);
CREATE TABLE push_batch (
    id INTEGER PRIMARY KEY,
    corp_id INTEGER NOT NULL,
    push_id INTEGER NOT NULL,
    sender_id INTEGER NOT NULL,
    sender TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    n INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    state INTEGER NOT NULL,
    queued INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    request_hash TEXT NOT NULL,
    fence INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    intent_ms INTEGER NOT NULL,
    unknown_ms INTEGER NOT NULL,
    submitted_ms INTEGER NOT NULL,
    confirmed_ms INTEGER NOT NULL,
    looks INTEGER NOT NULL,
    msgid TEXT NOT NULL,
    errcode INTEGER NOT NULL,
    error TEXT NOT NULL,
    fail_list TEXT NOT NULL,
    reminds TEXT NOT NULL
);
CREATE INDEX push_batch_of_push ON push_batch (corp_id, push_id, id);
CREATE INDEX push_batch_of_state ON push_batch (corp_id, state, id);
CREATE UNIQUE INDEX push_batch_in_flight ON push_batch (corp_id, sender, content_hash) WHERE state IN (1, 4, 6);
CREATE TABLE push_recipient (
    corp_id INTEGER NOT NULL,
    push_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    batch_id INTEGER NOT NULL,
    sender_id INTEGER NOT NULL,
    external_userid TEXT NOT NULL,
    exclusion TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    error TEXT NOT NULL,
    planned_ms INTEGER NOT NULL,
    outcome_ms INTEGER NOT NULL,
    PRIMARY KEY (corp_id, push_id, contact_id)
);
CREATE UNIQUE INDEX push_recipient_once ON push_recipient (corp_id, push_id, external_userid) WHERE batch_id > 0;
CREATE INDEX push_recipient_batch ON push_recipient (corp_id, batch_id, external_userid) WHERE batch_id > 0;
CREATE INDEX push_recipient_contact ON push_recipient (corp_id, contact_id, planned_ms) WHERE batch_id > 0;
CREATE TABLE push_msgid (
    corp_id INTEGER NOT NULL,
    msgid TEXT NOT NULL,
    push_id INTEGER NOT NULL,
    batch_id INTEGER NOT NULL,
    doubled INTEGER NOT NULL,
    intent_ms INTEGER NOT NULL,
    PRIMARY KEY (corp_id, msgid)
);
CREATE INDEX push_msgid_time ON push_msgid (corp_id, intent_ms);
CREATE TABLE contact_opt_out (
    corp_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (corp_id, contact_id)
);
)sql";

// The last command that reminded of a batch, and what is known of its call (RemindState).
constexpr std::string_view reminders = R"sql(
ALTER TABLE push_batch ADD COLUMN remind_job INTEGER NOT NULL DEFAULT 0;
ALTER TABLE push_batch ADD COLUMN remind_state INTEGER NOT NULL DEFAULT 0;
)sql";

// Of a push that came back with a backup: since when its own ledger may not know what was sent.
constexpr std::string_view restored = R"sql(
ALTER TABLE push ADD COLUMN doubt_ms INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr std::array<Migration, 3> all{
    Migration{.number = 1, .sql = first},
    Migration{.number = 2, .sql = reminders},
    Migration{.number = 3, .sql = restored}};

}  // namespace

std::span<const Migration> nurture_migrations() {
    return all;
}

}  // namespace leadbridge::crm
