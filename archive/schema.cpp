#include "archive/schema.h"

#include <array>

namespace leadbridge::archive {

namespace {

// Conversation keys, participants and senders are WeCom ids in clear, as in core.db; whatever a
// person wrote or named is sealed.
constexpr std::string_view first = R"sql(
CREATE TABLE archive_pull(
    corp_id INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL DEFAULT 0,
    told_n INTEGER NOT NULL DEFAULT 0,
    pulled_ms INTEGER NOT NULL DEFAULT 0,
    caught_up_ms INTEGER NOT NULL DEFAULT 0);

CREATE TABLE envelope(
    id INTEGER PRIMARY KEY,
    corp_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    key_version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_ms INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    received_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL);
CREATE UNIQUE INDEX envelope_seq ON envelope(corp_id, seq);
CREATE INDEX envelope_open ON envelope(corp_id, state, next_ms, seq) WHERE state IN (0, 2, 3, 4);

CREATE TABLE conversation(
    id INTEGER PRIMARY KEY,
    corp_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind INTEGER NOT NULL,
    userid TEXT NOT NULL,
    external_userid TEXT NOT NULL,
    roomid TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    last_from_contact INTEGER NOT NULL);
CREATE UNIQUE INDEX conversation_key ON conversation(corp_id, key);
CREATE INDEX conversation_recent ON conversation(corp_id, last_ms, id);

CREATE TABLE conversation_participant(
    corp_id INTEGER NOT NULL,
    participant TEXT NOT NULL,
    conversation_id INTEGER NOT NULL,
    side INTEGER NOT NULL,
    PRIMARY KEY(corp_id, participant, conversation_id));
CREATE INDEX conversation_participant_of ON conversation_participant(corp_id, conversation_id);

CREATE TABLE message(
    id INTEGER PRIMARY KEY,
    corp_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    msgid TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    type TEXT NOT NULL,
    action TEXT NOT NULL,
    sender TEXT NOT NULL,
    side INTEGER NOT NULL,
    recalled_ms INTEGER NOT NULL DEFAULT 0,
    summary BLOB NOT NULL,
    body BLOB NOT NULL);
CREATE UNIQUE INDEX message_msgid ON message(corp_id, msgid);
CREATE INDEX message_conversation ON message(corp_id, conversation_id, seq);

CREATE TABLE recall(
    corp_id INTEGER NOT NULL,
    msgid TEXT NOT NULL,
    by_msgid TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY(corp_id, msgid));

CREATE TABLE media(
    id INTEGER PRIMARY KEY,
    corp_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    item INTEGER NOT NULL,
    kind TEXT NOT NULL,
    md5 TEXT NOT NULL,
    size INTEGER NOT NULL,
    detail BLOB NOT NULL,
    state INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_ms INTEGER NOT NULL DEFAULT 0,
    next_index TEXT NOT NULL DEFAULT '',
    received INTEGER NOT NULL DEFAULT 0,
    blob_hash TEXT NOT NULL DEFAULT '',
    blob_size INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    at_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX media_message ON media(corp_id, message_id, item);
CREATE INDEX media_waiting ON media(corp_id, next_ms, id) WHERE state = 0;
CREATE INDEX media_failed ON media(corp_id, state, id) WHERE state IN (2, 3);

CREATE TABLE consent(
    corp_id INTEGER NOT NULL,
    external_userid TEXT NOT NULL,
    peer TEXT NOT NULL,
    agreed INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY(corp_id, external_userid, peer));

CREATE TABLE archive_gap(
    id INTEGER PRIMARY KEY,
    corp_id INTEGER NOT NULL,
    expected_seq INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    found_ms INTEGER NOT NULL);
CREATE INDEX archive_gap_corp ON archive_gap(corp_id, lost, id);

CREATE TABLE seen(
    corp_id INTEGER NOT NULL,
    n INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    userid TEXT NOT NULL,
    external_userid TEXT NOT NULL,
    roomid TEXT NOT NULL,
    from_contact INTEGER NOT NULL,
    from_member INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    last_msgid TEXT NOT NULL,
    last_from_contact INTEGER NOT NULL,
    signals TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY(corp_id, n));
)sql";

// message.n: 1, 2, 3 ... within the corp in commit order; what follows the messages (the search
// index) goes by it. Messages whose text is to go stand in erasure until nothing else knows it.
constexpr std::string_view numbered = R"sql(
ALTER TABLE archive_pull ADD COLUMN message_n INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN n INTEGER NOT NULL DEFAULT 0;
UPDATE message SET n = numbered.n FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY corp_id ORDER BY id)
    AS n FROM message) AS numbered WHERE numbered.id = message.id;
INSERT INTO archive_pull(corp_id, message_n)
    SELECT corp_id, MAX(n) FROM message WHERE n > 0 GROUP BY corp_id
    ON CONFLICT(corp_id) DO UPDATE SET message_n = excluded.message_n;
CREATE INDEX message_n ON message(corp_id, n);

CREATE TABLE erasure(
    corp_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    message_n INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY(corp_id, message_id));
CREATE INDEX erasure_open ON erasure(corp_id, message_n) WHERE state = 0;
)sql";

// Today's messages are counted without reading what they say.
constexpr std::string_view arrivals =
    "CREATE INDEX message_arrived ON message(corp_id, id, side, conversation_id);";

constexpr std::array archive_steps{
    Migration{1, first}, Migration{2, numbered}, Migration{3, arrivals}};

constexpr std::array feed_steps{Migration{
    1,
    "CREATE TABLE archive_feed_cursor(corp_id INTEGER PRIMARY KEY, n INTEGER NOT NULL, ms INTEGER "
    "NOT NULL);"}};

constexpr crm::CorpTable tables[] = {
    {"archive_gap", "id"},
    {"archive_pull", "corp_id"},
    {"consent", "external_userid"},
    {"conversation", "id"},
    {"conversation_participant", "conversation_id"},
    {"envelope", "id"},
    {"erasure", "message_id"},
    {"media", "id"},
    {"message", "id"},
    {"recall", "msgid"},
    {"seen", "n"},
};

constexpr std::size_t shortest_outside_id = 16;

}  // namespace

std::span<const Migration> migrations() {
    return archive_steps;
}

std::span<const Migration> feed_migrations() {
    return feed_steps;
}

std::span<const crm::CorpTable> corp_tables() {
    return tables;
}

Side side_of(std::string_view id) noexcept {
    if (id.empty()) {
        return Side::unknown;
    }
    if (id.size() >= shortest_outside_id) {
        if (id.starts_with("wm") || id.starts_with("wo")) {
            return Side::contact;
        }
        if (id.starts_with("wb")) {
            return Side::bot;
        }
    }
    return Side::member;
}

std::string_view to_string(EnvelopeState state) noexcept {
    constexpr std::array names{"received", "done", "waiting_key", "retry", "poison", "duplicate"};
    return names.at(static_cast<std::size_t>(state));
}

std::string_view to_string(MediaState state) noexcept {
    constexpr std::array names{"waiting", "stored", "lost", "refused"};
    return names.at(static_cast<std::size_t>(state));
}

std::string_view to_string(ConversationKind kind) noexcept {
    constexpr std::array names{"", "single", "group", "internal", "other"};
    return names.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(Side side) noexcept {
    constexpr std::array names{"unknown", "member", "contact", "bot"};
    return names.at(static_cast<std::size_t>(side));
}

}  // namespace leadbridge::archive
