#include <array>

#include "connectors/wecom/services.h"

namespace leadbridge::wecom {

namespace {

// contact_sync_run: one row per run; position = members already covered (place in the run's order),
// width = members per call, cursor = of the remote inside the current members, or the last
// external_userid swept. contact_sync_member: one row per member with customer contact; place =
// position in the run named. media: one row per file we send; wecom_media_id lives three days and
// is shared by the corp's apps. welcome: one row per event with a welcome code; times are unix ms,
// age_ms is from the event to the accepted send.
constexpr std::string_view tables = R"sql(
CREATE TABLE contact_sync_run(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  members_total INTEGER NOT NULL,
  position INTEGER NOT NULL,
  width INTEGER NOT NULL,
  cursor TEXT NOT NULL,
  restarts INTEGER NOT NULL,
  contacts INTEGER NOT NULL,
  unlicensed INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  finished_ms INTEGER NOT NULL,
  error TEXT NOT NULL);
CREATE INDEX contact_sync_run_corp ON contact_sync_run(corp_id, id);
CREATE TABLE contact_sync_member(
  corp_id INTEGER NOT NULL,
  userid_key TEXT NOT NULL,
  userid TEXT NOT NULL,
  listed_run INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  place INTEGER NOT NULL,
  covered_ms INTEGER NOT NULL,
  unlicensed INTEGER NOT NULL,
  PRIMARY KEY(corp_id, userid_key));
CREATE INDEX contact_sync_member_place ON contact_sync_member(corp_id, run_id, place);
CREATE TABLE media(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  content_type TEXT NOT NULL,
  blob_hash TEXT NOT NULL,
  size INTEGER NOT NULL,
  wecom_media_id TEXT NOT NULL,
  uploaded_ms INTEGER NOT NULL,
  error TEXT NOT NULL,
  created_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX media_blob ON media(corp_id, blob_hash, kind, name);
CREATE INDEX media_uploaded ON media(corp_id, uploaded_ms);
CREATE TABLE welcome(
  corp_id INTEGER NOT NULL,
  inbox_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  userid TEXT NOT NULL,
  external_userid TEXT NOT NULL,
  state_text TEXT NOT NULL,
  code BLOB,
  state INTEGER NOT NULL,
  event_ms INTEGER NOT NULL,
  deadline_ms INTEGER NOT NULL,
  age_ms INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  in_doubt INTEGER NOT NULL,
  error TEXT NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY(corp_id, inbox_id));
CREATE INDEX welcome_pair ON welcome(corp_id, external_userid, userid);
CREATE INDEX welcome_state ON welcome(corp_id, state, deadline_ms);
)sql";

constexpr std::array all{Migration{1, tables, 1}};

}  // namespace

std::span<const Migration> migrations() {
    return all;
}

}  // namespace leadbridge::wecom
