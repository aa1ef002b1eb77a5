#include "crm/staff/corp.h"
#include "crm/staff/staff.h"

namespace leadbridge::crm {
namespace {

// Columns named *_sealed hold what Vault made, bound to "table:id:column".
constexpr Migration staff_schema[] = {
    {1, R"sql(
CREATE TABLE corp(
  id INTEGER PRIMARY KEY,
  wecom_id TEXT NOT NULL,
  name TEXT NOT NULL,
  api_base TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  agent_id INTEGER NOT NULL,
  app_secret_sealed BLOB NOT NULL,
  contacts_secret_sealed BLOB NOT NULL,
  callbacks_sealed BLOB NOT NULL,
  archive_enabled INTEGER NOT NULL,
  archive_sdk TEXT NOT NULL,
  archive_proxy TEXT NOT NULL,
  archive_timeout_s INTEGER NOT NULL,
  archive_poll_s INTEGER NOT NULL,
  archive_secrets_sealed BLOB NOT NULL,
  calls_per_minute REAL NOT NULL,
  concurrency INTEGER NOT NULL,
  push_cap INTEGER NOT NULL,
  default_welcome TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX corp_wecom ON corp(wecom_id);

CREATE TABLE removed_corp(
  corp_id INTEGER PRIMARY KEY,
  removed_ms INTEGER NOT NULL);

CREATE TABLE member(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  user_key TEXT NOT NULL,
  userid TEXT NOT NULL,
  name TEXT NOT NULL,
  status INTEGER NOT NULL,
  customer_contact INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX member_key ON member(corp_id, user_key);
CREATE INDEX member_page ON member(corp_id, id);

CREATE TABLE department(
  corp_id INTEGER NOT NULL,
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  parent INTEGER NOT NULL,
  PRIMARY KEY(corp_id, id));
CREATE INDEX department_parent ON department(corp_id, parent);

CREATE TABLE member_department(
  corp_id INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  department_id INTEGER NOT NULL,
  PRIMARY KEY(corp_id, member_id, department_id));
CREATE INDEX member_department_back ON member_department(corp_id, department_id, member_id);

CREATE TABLE source(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  auth_sealed BLOB NOT NULL,
  map TEXT NOT NULL,
  tag_ids TEXT NOT NULL,
  owner_userid TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  ack TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_ms INTEGER NOT NULL);
CREATE INDEX source_page ON source(corp_id, id);

CREATE TABLE api_token(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  scopes INTEGER NOT NULL,
  hash BLOB NOT NULL,
  created_ms INTEGER NOT NULL,
  used_ms INTEGER NOT NULL,
  revoked_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX api_token_hash ON api_token(hash);
CREATE UNIQUE INDEX api_token_name ON api_token(name) WHERE revoked_ms = 0;

CREATE TABLE audit(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  object_id INTEGER NOT NULL,
  before_json TEXT NOT NULL,
  after_json TEXT NOT NULL);
CREATE INDEX audit_page ON audit(corp_id, id);
CREATE INDEX audit_object ON audit(corp_id, object, object_id, id);
)sql"},
    {2, R"sql(
CREATE TABLE user_account(
  id INTEGER PRIMARY KEY,
  corp_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  role INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  password TEXT NOT NULL,
  totp_sealed BLOB NOT NULL,
  totp_on INTEGER NOT NULL,
  totp_step INTEGER NOT NULL,
  provisioned INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL,
  version INTEGER NOT NULL);
CREATE UNIQUE INDEX user_account_name ON user_account(name_key);
CREATE UNIQUE INDEX user_account_member ON user_account(corp_id, member_id) WHERE member_id <> 0;
CREATE INDEX user_account_page ON user_account(corp_id, id);

CREATE TABLE user_session(
  id INTEGER PRIMARY KEY,
  user_id INTEGER NOT NULL,
  hash BLOB NOT NULL,
  via TEXT NOT NULL,
  ip TEXT NOT NULL,
  agent TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX user_session_hash ON user_session(hash);
CREATE INDEX user_session_user ON user_session(user_id, id);
CREATE INDEX user_session_seen ON user_session(seen_ms);

CREATE TABLE login_failure(
  name_key TEXT PRIMARY KEY,
  failed INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  locked_until_ms INTEGER NOT NULL);
CREATE INDEX login_failure_last ON login_failure(last_ms);

CREATE TABLE first_code(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  created_ms INTEGER NOT NULL);

CREATE TABLE department_role(
  corp_id INTEGER NOT NULL,
  department_id INTEGER NOT NULL,
  role INTEGER NOT NULL,
  PRIMARY KEY(corp_id, department_id));

CREATE INDEX audit_actor ON audit(corp_id, actor, id);
CREATE INDEX audit_action ON audit(corp_id, action, id);
)sql"},
};

}  // namespace

std::span<const Migration> staff_migrations() {
    return staff_schema;
}

std::span<const Migration> CorpStore::migrations() {
    return staff_schema;
}

}  // namespace leadbridge::crm
