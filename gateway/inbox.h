#pragma once
// The inbox: what came from outside, durable before anybody is answered. Rows are kept for the
// dedupe window after they were used; what cannot be used stays visible (parked, dead) and can be
// replayed.
//   leadbridge_inbox_rows_total{outcome} stored | duplicate | conflict | held | closed | refused |
//   failed

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/database.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "base/vault.h"
#include "connectors/connector.h"
#include "crm/staff/page.h"
#include "crm/staff/viewer.h"

namespace leadbridge::gateway {

enum class InboxState : std::uint8_t { ready = 0, done = 2, dead = 3, parked = 4, dropped = 5 };
std::string_view to_string(InboxState state) noexcept;
std::optional<InboxState> parse_inbox_state(std::string_view text) noexcept;

// A row as people see it; the body is only in InboxShown.
struct InboxEntry {
    std::int64_t id = 0;
    CorpId corp;
    std::string connector;
    std::string kind;
    InboxState state = InboxState::ready;
    int tries = 0;
    std::int64_t source_id = 0;
    UnixMillis received_ms = 0;
    UnixMillis run_at = 0;
    UnixMillis done_ms = 0;
    bool repeat = false;
    std::string reason;  // of a parked row: "unknown_event", ...; of a failed one: the error
    std::string detail;
};

struct InboxShown {
    InboxEntry entry;
    std::string body;  // clear text, credentials replaced by ***
};

struct InboxFilter {
    std::optional<InboxState> state;
    std::string kind;            // "" = every kind
    std::int64_t source_id = 0;  // 0 = every source
};

struct InboxOptions {
    std::size_t max_held = 2'000;  // rows that wait for a place in the writer's queue
    std::size_t max_held_bytes = 16 << 20;
    std::int64_t hold_ms = 4'000;  // then the connection is closed without an answer
    std::int64_t hold_step_ms = 50;
    // On the writer thread, after the commit, for every row that was stored: must only enqueue.
    std::function<void(const Received&, std::int64_t inbox_id)> on_durable;
    // On the writer thread, for every repeat of a stored row: must only enqueue.
    std::function<void(CorpId corp, const std::string& key)> on_duplicate;
    // On the writer thread, after rows were stored: must only signal.
    std::function<void()> on_stored;
};

class Inbox {
public:
    static std::span<const Migration> migrations();

    // All references outlive the inbox; the database outlives it too and may call back until it is
    // closed.
    Inbox(
        Database& core, Vault& vault, const Clock& clock, IdSource& ids, Rng& rng, Metrics& metrics
    );
    ~Inbox();

    // Once, before the first receive(): hooks may need objects that need the inbox.
    void configure(InboxOptions options);

    // Seals and appends; answers through `responder` when the row is durable or a duplicate. When
    // the writer's queue is full or the commit failed: a row with hold_on_overload waits for a
    // place up to hold_ms, then its connection is closed; any other is answered 503 at once. Never
    // blocks on the disk. Thread-safe.
    void receive(Received received, const Connector& connector, Responder responder);

    // Calls on_durable again for rows received since then that carried a WelcomeCode: what a crash
    // may have cut off between commit and hook. The hook's owner ignores what it has already begun.
    void redeliver_welcomes(UnixMillis since);

    // Closes what is held. receive() afterwards refuses.
    void stop();

    // For people: scope all of the viewer's corp, else Error{forbidden}.
    static Result<crm::PageOf<InboxEntry>> list(
        Snapshot& s, const crm::Viewer& viewer, const InboxFilter& filter, const crm::Page& page
    );
    Result<InboxShown> show(Snapshot& s, const crm::Viewer& viewer, std::int64_t id) const;
    // Any row but a ready one becomes ready again with no tries counted. Touches that were applied
    // before change nothing.
    Status replay(Transaction& tx, const crm::Viewer& viewer, std::int64_t id) const;
    Status park(
        Transaction& tx, const crm::Viewer& viewer, std::int64_t id, std::string_view reason
    ) const;
    // Parked or dead rows only: they stay for dedupe and go with the retention.
    Status drop(Transaction& tx, const crm::Viewer& viewer, std::int64_t id) const;

    static constexpr int max_many = 200;  // rows of one act below: a transaction stays short

    // Rows that were not used (dead, parked, dropped) under a filter that names one of these
    // states, else Error{invalid}: how many there are, counted up to `count_to`, and the ids of the
    // `limit` oldest.
    struct Unused {
        std::int64_t matched = 0;
        std::vector<std::int64_t> ids;
    };

    static Result<Unused> unused(
        Snapshot& s,
        const crm::Viewer& viewer,
        const InboxFilter& filter,
        int limit,
        std::int64_t count_to
    );
    // replay() and drop() for at most max_many rows; how many of them could be. `still`: only those
    // that are in this state.
    Result<std::int64_t> replay_many(
        Transaction& tx,
        const crm::Viewer& viewer,
        std::span<const std::int64_t> ids,
        std::optional<InboxState> still
    ) const;
    Result<std::int64_t> drop_many(
        Transaction& tx,
        const crm::Viewer& viewer,
        std::span<const std::int64_t> ids,
        std::optional<InboxState> still
    ) const;

    // How long the oldest row that is due has waited; 0 when none is. For metrics and readiness.
    static std::int64_t oldest_ms(Snapshot& s, UnixMillis now);

    // The clear text of a sealed body.
    Result<std::string> open_body(CorpId corp, std::int64_t id, std::string_view sealed) const;

private:
    struct State;
    std::shared_ptr<State>
        state_;  // shared with appends in flight, whose completion may come after stop()
};

}  // namespace leadbridge::gateway
