#include "gateway/inbox_rows.h"

#include <array>
#include <utility>

#include "connectors/wecom/event_codec.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t window_prefix = 16;

constexpr std::array<std::pair<InboxState, std::string_view>, 5> state_names = {{
    {InboxState::ready, "ready"},
    {InboxState::done, "done"},
    {InboxState::dead, "dead"},
    {InboxState::parked, "parked"},
    {InboxState::dropped, "dropped"},
}};

// key: 24 bytes, connectors/dedupe_key.h. object_hash: 0 = none, rows of one object keep their
// order as a courtesy. window_ms > 0: a repeat within it is marked. is_repeat NULL: not decided
// yet. body_hash: keyed, to compare a repeat. body: sealed, bound to id.
constexpr std::array<Migration, 2> schema = {
    {{1,
      R"sql(
    CREATE TABLE inbox (
        id INTEGER PRIMARY KEY,
        corp_id INTEGER NOT NULL,
        key BLOB NOT NULL,
        recv_ms INTEGER NOT NULL,
        connector TEXT NOT NULL,
        kind TEXT NOT NULL,
        source_id INTEGER NOT NULL,
        object_hash INTEGER NOT NULL,
        window_ms INTEGER NOT NULL,
        welcome INTEGER NOT NULL,
        state INTEGER NOT NULL,
        tries INTEGER NOT NULL,
        run_at INTEGER NOT NULL,
        is_repeat INTEGER,
        done_ms INTEGER NOT NULL DEFAULT 0,
        reason TEXT NOT NULL DEFAULT '',
        detail TEXT NOT NULL DEFAULT '',
        body_hash BLOB NOT NULL,
        body BLOB NOT NULL
    );
    CREATE UNIQUE INDEX inbox_key ON inbox(corp_id, key);
    CREATE INDEX inbox_due ON inbox(run_at, id) WHERE state = 0;
    CREATE INDEX inbox_failed_once ON inbox(corp_id, object_hash, id) WHERE state = 0 AND tries = 1;
    CREATE INDEX inbox_kept ON inbox(corp_id, state, id) WHERE state >= 3;
)sql",
      1},
     {2, "CREATE INDEX inbox_source ON inbox(corp_id, source_id, id) WHERE source_id <> 0;", 1}}};

}  // namespace

std::string_view to_string(InboxState state) noexcept {
    for (const auto& [known, name] : state_names) {
        if (known == state) {
            return name;
        }
    }
    return "unknown";
}

std::optional<InboxState> parse_inbox_state(std::string_view text) noexcept {
    for (const auto& [known, name] : state_names) {
        if (name == text) {
            return known;
        }
    }
    return std::nullopt;
}

std::span<const Migration> Inbox::migrations() {
    return schema;
}

std::string inbox_aad(std::int64_t id) {
    return "inbox:" + std::to_string(id);
}

std::string window_key(std::string_view key, std::int64_t id) {
    std::string out(key.substr(0, window_prefix));
    for (int shift = 56; shift >= 0; shift -= 8) {
        out += static_cast<char>(static_cast<unsigned char>(id >> shift & 0xff));
    }
    return out;
}

std::pair<std::string, std::string> window_range(std::string_view stored_key) {
    const std::string prefix(stored_key.substr(0, window_prefix));
    return {prefix + std::string(8, '\0'), prefix + std::string(8, '\xff')};
}

std::int64_t first_id_at(UnixMillis ms) noexcept {
    const std::int64_t since_epoch = ms - id_time_ms(0);
    return since_epoch <= 0 ? 0 : since_epoch << 22;
}

std::optional<std::string> welcome_code_of(std::string_view body) {
    const auto event = wecom::welcome_event(body);
    if (!event) {
        return std::nullopt;
    }
    return std::string(event->welcome_code.reveal());
}

}  // namespace leadbridge::gateway
