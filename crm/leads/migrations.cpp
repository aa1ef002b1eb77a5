#include "crm/leads/channel.h"

namespace leadbridge::crm {
namespace {

// lead.status <= 2 is open (LeadStatus). owner_auto: the owner was set by intake, not by a person,
// and may still give way to the member of an earlier touch that arrives late.
constexpr Migration leads_schema[] = {
    {1, R"sql(
CREATE TABLE channel(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind INTEGER NOT NULL,
  state TEXT NOT NULL,
  config_id TEXT NOT NULL,
  qr_code TEXT NOT NULL,
  members TEXT NOT NULL,
  tag_ids TEXT NOT NULL,
  skip_verify INTEGER NOT NULL,
  welcome TEXT NOT NULL,
  sync INTEGER NOT NULL,
  sync_error TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  removed_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX channel_state ON channel(corp_id, state);
CREATE INDEX channel_page ON channel(corp_id, id);

CREATE TABLE lead(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  status INTEGER NOT NULL,
  stage TEXT NOT NULL,
  owner INTEGER NOT NULL,
  owner_auto INTEGER NOT NULL,
  first_kind TEXT NOT NULL,
  first_channel INTEGER NOT NULL,
  first_source INTEGER NOT NULL,
  first_raw TEXT NOT NULL,
  last_kind TEXT NOT NULL,
  last_channel INTEGER NOT NULL,
  last_source INTEGER NOT NULL,
  last_raw TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  asked_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  closed_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  linked INTEGER NOT NULL,
  version INTEGER NOT NULL);
CREATE UNIQUE INDEX lead_open ON lead(corp_id, contact_id) WHERE status <= 2;
CREATE INDEX lead_contact ON lead(corp_id, contact_id, opened_ms);
CREATE INDEX lead_page ON lead(corp_id, id);
CREATE INDEX lead_status ON lead(corp_id, status, id);
CREATE INDEX lead_owner ON lead(corp_id, owner, id);
CREATE INDEX lead_channel ON lead(corp_id, first_channel, id);
)sql"},
    // Orders of the lead list and the board.
    {2, R"sql(
CREATE INDEX lead_status_last ON lead(corp_id, status, last_ms, id);
CREATE INDEX lead_owner_last ON lead(corp_id, owner, status, last_ms, id);
CREATE INDEX lead_owner_status ON lead(corp_id, owner, status, id);
)sql"},
    // Who of a channel's members serves when. serve_next_ms: when to look again; 0 = never.
    {3, R"sql(
ALTER TABLE channel ADD COLUMN limits TEXT NOT NULL DEFAULT '';
ALTER TABLE channel ADD COLUMN served TEXT NOT NULL DEFAULT '';
ALTER TABLE channel ADD COLUMN refused TEXT NOT NULL DEFAULT '';
ALTER TABLE channel ADD COLUMN serve_next_ms INTEGER NOT NULL DEFAULT 0;
UPDATE channel SET served = members WHERE config_id <> '';
CREATE INDEX channel_serve ON channel(corp_id, serve_next_ms);

CREATE TABLE channel_swap(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  userid TEXT NOT NULL,
  came_in INTEGER NOT NULL,
  why TEXT NOT NULL);
CREATE INDEX channel_swap_page ON channel_swap(corp_id, channel_id, id);
)sql"},
};

}  // namespace

std::span<const Migration> leads_migrations() {
    return leads_schema;
}

}  // namespace leadbridge::crm
