#include "crm/contacts/contact.h"

namespace leadbridge::crm {
namespace {

// follow.live = added_ms > ended_ms, kept by whoever writes either. follow_tag is as received;
// contact_tag is derived: own = we said so, from_follow = some friendship carries it. tag.uses
// counts contact_tag rows.
constexpr Migration contacts_schema[] = {
    {1, R"sql(
CREATE TABLE contact_ord(
  corp_id INTEGER PRIMARY KEY,
  next_ord INTEGER NOT NULL);

CREATE TABLE contact(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  ord INTEGER NOT NULL,
  name TEXT NOT NULL,
  avatar TEXT NOT NULL,
  type INTEGER NOT NULL,
  gender INTEGER NOT NULL,
  position TEXT NOT NULL,
  company TEXT NOT NULL,
  owner INTEGER NOT NULL,
  stage TEXT NOT NULL,
  last_ms INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  fetched_ms INTEGER NOT NULL,
  edited INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL,
  merged_into INTEGER NOT NULL);
CREATE UNIQUE INDEX contact_by_ord ON contact(corp_id, ord);
CREATE INDEX contact_page ON contact(corp_id, id);
CREATE INDEX contact_owner ON contact(corp_id, owner, stage, last_ms);

CREATE TABLE identity(
  corp_id INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  value TEXT NOT NULL,
  contact_id INTEGER NOT NULL,
  added_ms INTEGER NOT NULL,
  PRIMARY KEY(corp_id, kind, value));
CREATE INDEX identity_contact ON identity(corp_id, contact_id);

CREATE TABLE follow(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  external_userid TEXT NOT NULL,
  live INTEGER NOT NULL,
  half INTEGER NOT NULL,
  added_ms INTEGER NOT NULL,
  full_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  ended_by INTEGER NOT NULL,
  remark TEXT NOT NULL,
  description TEXT NOT NULL,
  remark_company TEXT NOT NULL,
  remark_mobiles TEXT NOT NULL,
  add_way INTEGER NOT NULL,
  state TEXT NOT NULL,
  channel_id INTEGER NOT NULL,
  event_ms INTEGER NOT NULL,
  fetched_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX follow_pair ON follow(corp_id, external_userid, member_id);
CREATE INDEX follow_contact ON follow(corp_id, contact_id, member_id);
CREATE INDEX follow_member ON follow(corp_id, member_id, contact_id);
CREATE INDEX follow_channel ON follow(corp_id, channel_id, id);

CREATE TABLE tag_group(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind INTEGER NOT NULL,
  wecom_id TEXT NOT NULL,
  sort INTEGER NOT NULL);
CREATE UNIQUE INDEX tag_group_name ON tag_group(corp_id, kind, name, wecom_id);

CREATE TABLE tag(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  group_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind INTEGER NOT NULL,
  wecom_id TEXT NOT NULL,
  sort INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  sync INTEGER NOT NULL,
  error TEXT NOT NULL,
  version INTEGER NOT NULL,
  merged_into INTEGER NOT NULL,
  deleted_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX tag_name ON tag(corp_id, group_id, name) WHERE deleted_ms = 0;
CREATE UNIQUE INDEX tag_wecom ON tag(corp_id, wecom_id) WHERE wecom_id <> '' AND deleted_ms = 0;
CREATE INDEX tag_page ON tag(corp_id, id);

CREATE TABLE follow_tag(
  corp_id INTEGER NOT NULL,
  follow_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  personal INTEGER NOT NULL,
  set_ms INTEGER NOT NULL,
  PRIMARY KEY(corp_id, follow_id, personal, name));
CREATE INDEX follow_tag_back ON follow_tag(corp_id, personal, name, follow_id);

CREATE TABLE contact_tag(
  corp_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  tag_id INTEGER NOT NULL,
  own INTEGER NOT NULL,
  from_follow INTEGER NOT NULL,
  PRIMARY KEY(corp_id, contact_id, tag_id));
CREATE INDEX contact_tag_back ON contact_tag(corp_id, tag_id, contact_id);

CREATE TABLE note(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX note_contact ON note(corp_id, contact_id, id);

CREATE TABLE timeline(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  lead_id INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  actor TEXT NOT NULL,
  ref TEXT NOT NULL);
CREATE INDEX timeline_contact ON timeline(corp_id, contact_id, at_ms, id);
CREATE INDEX timeline_page ON timeline(corp_id, id);
CREATE INDEX timeline_kind ON timeline(corp_id, kind, at_ms, contact_id);
CREATE UNIQUE INDEX timeline_ref ON timeline(corp_id, contact_id, ref) WHERE ref <> '';

CREATE TABLE consent(
  corp_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY(corp_id, contact_id, member_id, kind));

CREATE TABLE chat_summary(
  corp_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  conversation TEXT NOT NULL,
  from_contact INTEGER NOT NULL,
  from_member INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  last_contact_ms INTEGER NOT NULL,
  last_member_ms INTEGER NOT NULL,
  last_from_contact INTEGER NOT NULL,
  last_msgid TEXT NOT NULL,
  PRIMARY KEY(corp_id, contact_id, member_id));

CREATE TABLE group_chat(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  chat_id TEXT NOT NULL,
  name TEXT NOT NULL,
  owner_userid TEXT NOT NULL,
  notice TEXT NOT NULL,
  member_version TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  dismissed_ms INTEGER NOT NULL,
  fetched_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX group_chat_key ON group_chat(corp_id, chat_id);
CREATE INDEX group_chat_page ON group_chat(corp_id, id);

CREATE TABLE group_chat_member(
  corp_id INTEGER NOT NULL,
  group_id INTEGER NOT NULL,
  userid TEXT NOT NULL,
  external INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  join_ms INTEGER NOT NULL,
  join_scene INTEGER NOT NULL,
  state TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY(corp_id, group_id, userid));
CREATE INDEX group_chat_member_contact ON group_chat_member(corp_id, contact_id, group_id);
)sql"},
    // Orders of the contact list; ord in them, so that a page is found without looking at rows.
    {2, R"sql(
CREATE INDEX contact_last ON contact(corp_id, last_ms, id, ord);
CREATE INDEX contact_name ON contact(corp_id, name, id, ord);
CREATE INDEX chat_summary_waiting ON chat_summary(corp_id, last_from_contact, last_ms);
)sql"},
    // The search of names and remarks (contact_text.h); 6 is its part_characters.
    {3, R"sql(
CREATE TABLE contact_text(
  corp_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  origin INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY(corp_id, contact_id, origin));

CREATE TABLE contact_part(
  corp_id INTEGER NOT NULL,
  part TEXT NOT NULL,
  ord INTEGER NOT NULL,
  PRIMARY KEY(corp_id, part, ord));

INSERT INTO contact_text(corp_id, contact_id, origin, text)
  SELECT corp_id, id, 0, lower(name) FROM contact WHERE name <> '' AND merged_into = 0;
INSERT INTO contact_text(corp_id, contact_id, origin, text)
  SELECT corp_id, contact_id, id, lower(remark) FROM follow WHERE remark <> '';

WITH RECURSIVE tail(corp_id, contact_id, text, i) AS (
  SELECT corp_id, contact_id, text, 1 FROM contact_text
  UNION ALL
  SELECT corp_id, contact_id, text, i + 1 FROM tail WHERE i < length(text))
INSERT INTO contact_part(corp_id, part, ord)
  SELECT DISTINCT t.corp_id, substr(t.text, t.i, 6), c.ord
  FROM tail t JOIN contact c ON c.corp_id = t.corp_id AND c.id = t.contact_id
  ORDER BY 1, 2, 3;
)sql"},
    // A contact's identities are read in order from the index alone: without figures of the tables
    // SQLite otherwise goes through everybody's. And the times that conditions ask for.
    {4, R"sql(
DROP INDEX identity_contact;
CREATE INDEX identity_of ON identity(corp_id, contact_id, kind, added_ms, value);
CREATE INDEX contact_created ON contact(corp_id, created_ms, ord);
)sql"},
    // Who waits for an answer of one member.
    {5, R"sql(
CREATE INDEX chat_summary_member ON chat_summary(corp_id, member_id, last_from_contact, last_ms);
)sql"},
    // A channel's figures, of a day or of all time, are read from indexes alone. spoke: the contact
    // wrote to this member at least once.
    {6, R"sql(
ALTER TABLE follow ADD COLUMN spoke INTEGER NOT NULL DEFAULT 0;
UPDATE follow SET spoke = 1 WHERE EXISTS (SELECT 1 FROM chat_summary cs WHERE cs.corp_id = follow.corp_id
  AND cs.contact_id = follow.contact_id AND cs.member_id = follow.member_id AND cs.from_contact > 0);
DROP INDEX follow_channel;
CREATE INDEX follow_channel ON follow(corp_id, channel_id, added_ms, member_id, spoke);
CREATE INDEX follow_channel_lost ON follow(corp_id, channel_id, ended_ms, live, member_id) WHERE ended_ms > 0;
)sql"},
    // Today's events are counted for one member without reading everybody's.
    {7, R"sql(
DROP INDEX timeline_kind;
CREATE INDEX timeline_kind ON timeline(corp_id, kind, at_ms, contact_id, member_id);
)sql"},
};

}  // namespace

std::span<const Migration> contacts_migrations() {
    return contacts_schema;
}

}  // namespace leadbridge::crm
